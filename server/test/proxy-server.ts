/**
 * Real proxies on this machine: SOCKS5 (RFC 1928, 1929) and HTTP CONNECT (RFC 9110 §9.3.6), with and without sign-in,
 * and able to misbehave. They write down what they were asked, octet for octet, and connect to a port of this machine
 * whatever address they were asked for, so that a test can name public destinations.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface ProxyScript {
  /** Wanted when given; else nobody is asked for a sign-in. */
  readonly signIn?: { readonly username: string; readonly password: string };
  /** Where the tunnel really leads, on this machine. */
  readonly leadsTo?: number;
  /** Sends its answer in one segment with the destination's first words. */
  readonly gathers?: boolean;
  /** Written instead of the answer to the request (after the sign-in), as it is. */
  readonly answer?: (asked: string) => Buffer | string | undefined;
  /** Written as soon as somebody connects, instead of everything. */
  readonly greets?: Buffer | string;
  /** Hangs up at this point. */
  readonly hangsUp?: 'at once' | 'at sign-in' | 'at request';
  /** Says nothing from this point on. */
  readonly silent?: 'at once' | 'at request';
}

export interface TestProxy {
  readonly port: number;
  /** Destinations as they were asked for: `address:port`, or `name NAME:port` when it was a name. */
  readonly asked: string[];
  /** Everything that clients wrote before their tunnel began. */
  readonly heard: string[];
  readonly signIns: string[];
  connections: number;
}

const open = new Set<Server>();
const sockets = new Set<Socket>();

export async function startProxy(kind: 'socks5' | 'http', script: ProxyScript = {}): Promise<TestProxy> {
  const proxy = {
    port: 0,
    asked: [] as string[],
    heard: [] as string[],
    signIns: [] as string[],
    connections: 0,
  };
  const server = createServer((socket) => {
    proxy.connections += 1;
    keep(socket);
    void (kind === 'socks5' ? serveSocks : serveConnect)(socket, script, proxy).catch(() => socket.destroy());
  });
  open.add(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}

/** Ends every proxy and every line of one. */
export function closeProxies(): void {
  for (const socket of sockets) socket.destroy();
  for (const server of open) server.close();
  open.clear();
}

function keep(socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
}

type Notes = Pick<TestProxy, 'asked' | 'heard' | 'signIns'>;

/** Reads exactly so many octets. */
function reader(socket: Socket, notes: Notes) {
  let held = Buffer.alloc(0);
  let check = (): void => undefined;
  const onData = (part: Buffer): void => {
    held = Buffer.concat([held, part]);
    notes.heard.push(part.toString('latin1'));
    check();
  };
  socket.on('data', onData);
  const when = (count: () => number): Promise<Buffer> =>
    new Promise((done) => {
      check = () => {
        const size = count();
        if (size < 0 || held.length < size) return;
        check = () => undefined;
        const taken = held.subarray(0, size);
        held = held.subarray(size);
        done(taken);
      };
      check();
    });
  return {
    take: (size: number) => when(() => size),
    takeHead: () =>
      when(() => {
        const at = held.indexOf('\r\n\r\n');
        return at < 0 ? -1 : at + 4;
      }),
    stop() {
      socket.off('data', onData);
      if (held.length > 0) socket.unshift(held);
    },
  };
}

async function serveSocks(socket: Socket, script: ProxyScript, notes: Notes): Promise<void> {
  const octets = reader(socket, notes);
  if (opensOddly(socket, script)) return;
  const [, count = 0] = await octets.take(2);
  const methods = [...(await octets.take(count))];
  const wanted = script.signIn === undefined ? 0 : 2;
  if (!methods.includes(wanted)) {
    socket.end(Buffer.from([5, 0xff]));
    return;
  }
  socket.write(Buffer.from([5, wanted]));
  if (script.signIn !== undefined && !(await socksSignIn(socket, octets, script, notes))) return;

  const [, , , family = 0] = await octets.take(4);
  const length = family === 1 ? 4 : family === 4 ? 16 : ((await octets.take(1))[0] ?? 0);
  const place = await octets.take(length);
  const port = (await octets.take(2)).readUInt16BE();
  const host =
    family === 1
      ? [...place].join('.')
      : family === 4
        ? place.toString('hex').replace(/(.{4})(?!$)/g, '$1:')
        : `name ${place.toString('latin1')}`;
  await tunnel(
    socket,
    octets,
    script,
    notes,
    `${host}:${String(port)}`,
    Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  );
}

async function socksSignIn(
  socket: Socket,
  octets: ReturnType<typeof reader>,
  { signIn, hangsUp }: ProxyScript,
  notes: Notes,
): Promise<boolean> {
  const [, nameLength = 0] = await octets.take(2);
  const name = (await octets.take(nameLength)).toString();
  const [passwordLength = 0] = await octets.take(1);
  const password = (await octets.take(passwordLength)).toString();
  notes.signIns.push(`${name}:${password}`);
  const fits = name === signIn?.username && password === signIn.password;
  if (hangsUp === 'at sign-in') socket.destroy();
  else if (fits) socket.write(Buffer.from([1, 0]));
  else socket.end(Buffer.from([1, 1]));
  return fits && hangsUp !== 'at sign-in';
}

async function serveConnect(socket: Socket, script: ProxyScript, notes: Notes): Promise<void> {
  const octets = reader(socket, notes);
  if (opensOddly(socket, script)) return;
  const head = (await octets.takeHead()).toString('latin1');
  const target = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? 'nonsense';
  const given = /\r\nProxy-Authorization: Basic (\S+)\r\n/.exec(head)?.[1];
  if (given !== undefined) notes.signIns.push(Buffer.from(given, 'base64').toString());
  const wanted = script.signIn && `${script.signIn.username}:${script.signIn.password}`;
  if (wanted !== undefined && notes.signIns.at(-1) !== wanted) {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n');
    return;
  }
  const host = /^\[?(.*?)\]?:(\d+)$/.exec(target);
  const asked = /^[\d.]+$|:/.test(host?.[1] ?? '')
    ? `${host?.[1] ?? ''}:${host?.[2] ?? ''}`
    : `name ${target}`;
  await tunnel(
    socket,
    octets,
    script,
    notes,
    asked,
    'HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n',
  );
}

function opensOddly(socket: Socket, { greets, hangsUp, silent }: ProxyScript): boolean {
  if (greets !== undefined) socket.write(greets);
  if (hangsUp === 'at once') socket.destroy();
  return greets !== undefined || hangsUp === 'at once' || silent === 'at once';
}

async function tunnel(
  socket: Socket,
  octets: ReturnType<typeof reader>,
  script: ProxyScript,
  notes: Notes,
  asked: string,
  welcome: Buffer | string,
): Promise<void> {
  notes.asked.push(asked);
  if (script.silent === 'at request') return;
  if (script.hangsUp === 'at request') {
    socket.destroy();
    return;
  }
  const instead = script.answer?.(asked);
  if (instead !== undefined) {
    socket.write(instead);
    return;
  }
  const port = script.leadsTo ?? Number(/:(\d+)$/.exec(asked)?.[1]);
  const behind = connect({ host: '127.0.0.1', port });
  keep(behind);
  await once(behind, 'connect');
  octets.stop();
  let first: Buffer = Buffer.alloc(0);
  if (script.gathers === true) {
    [first] = (await once(behind, 'data')) as [Buffer];
    behind.pause();
  }
  socket.write(Buffer.concat([Buffer.from(welcome), first]));
  behind.pipe(socket);
  socket.pipe(behind);
}
