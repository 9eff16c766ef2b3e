/**
 * Names, routes, proxies, and the conversation itself. Next: errors-tls.ts
 */
import { ask, change, copy, page, probe, say, type ErrorEntry } from './error-entry.ts';

const NAMES_AND_ROUTES = {
  'dns.not_found': {
    title: 'The host name {host|of the server} does not exist.',
    short: 'host name does not exist',
    cause: 'DNS has no entry for {host|this name}.',
    fixes: [
      change('Did you mean {suggestion}?', 'Use {suggestion}', { host: '{suggestion}' }),
      ask('Check the spelling of the host.', 'Edit the host', 'host'),
      say('If it is an internal name, Posthorn must use the internal DNS. It asks {resolver} now.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'dns.temporary': {
    title: 'DNS did not answer.',
    short: 'DNS did not answer',
    cause:
      'The resolver {resolver|of this machine} could not be reached, or failed. In containers this is often the DNS of the container.',
    fixes: [
      say('Wait for the next try, or test again.'),
      say('Check the resolver of this machine or container.'),
    ],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
  'dns.only_ipv6': {
    title: 'The server has only IPv6 addresses, and this machine has no IPv6.',
    short: 'only IPv6, none here',
    cause:
      'All addresses of {host|the server} that may be used are IPv6, and there is no route for IPv6 here.',
    fixes: [
      say('Give this machine IPv6.'),
      ask('Or use a host that has IPv4 addresses.', 'Edit the host', 'host'),
      ask('If only IPv6 is chosen in the settings, allow IPv4.', 'Edit the IP version', 'ipVersion'),
    ],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
  'tcp.refused': {
    title: 'Nothing listens at {host|the server}[, port {port}].',
    short: 'nothing listens there',
    cause: 'The machine answered and refused the connection.',
    fixes: [
      probe('Try the other usual ports.'),
      say(
        'If it is your own server: is the mail service running, and does it listen on this address and not only on localhost?',
      ),
      say(
        'Inside a container `localhost` is the container itself. Use the name of the service, or `host.docker.internal`.',
      ),
    ],
    who: 'you',
    retry: 'retry',
    scope: 'connection',
  },
  'tcp.timeout': {
    title: 'No answer from {host|the server}[, port {port}].',
    short: 'no answer',
    cause:
      'Packets are dropped somewhere on the way. Many hosting companies block outgoing port 25, some block 465 and 587 too.',
    fixes: [
      probe('Try the other usual ports, such as 587 and 2525.'),
      copy(
        'Ask your hosting company whether this outgoing port[, {port},] is open.',
        'Copy request',
        'Hello, our server cannot open outgoing TCP connections to {host|our mail provider} on port {port|587}: there is no answer. Is this port blocked on your side, and can you open it for us?',
      ),
      say('Check firewall and proxy.'),
    ],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
  'tcp.unreachable': {
    title: 'There is no network route to {host|the server}.',
    short: 'no network route',
    cause: 'This machine, or a router on the way, knows no way to {ip|the address}.',
    fixes: [say('Check routing, VPN and the network of the container.')],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
  'tcp.reset': {
    title: '{host|The server} hung up at once.',
    short: 'hung up at once',
    cause: 'Often this is a block list of addresses, or a port that expects TLS from the first octet on.',
    fixes: [
      change('On port 465 TLS must start on connect.', 'Use TLS on connect (465)', {
        security: 'implicit',
        port: 465,
      }),
      copy(
        'Ask the owner of the server whether {ourIp|our address} may connect.',
        'Copy request',
        'Hello, {host|your mail server} closes connections from {ourIp|our server} on port {port|587} before any greeting. Is our address blocked, and can you allow it?',
      ),
    ],
    who: 'server_owner',
    retry: 'retry',
    scope: 'connection',
  },
  'tcp.failed': {
    title: 'The network connection could not be made.',
    short: 'connection failed',
    cause: 'The operating system refused: {reason}.',
    fixes: [
      say('Look at the exact error in the details.'),
      say('Errors such as EMFILE mean that this machine has reached a limit of open files.'),
    ],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
  'tcp.private_blocked': {
    title: 'Connections to this address or port are not allowed here.',
    short: 'address not allowed',
    cause:
      '{host|The host} is or leads to an address or port that this instance does not open. Connections to internal networks have to be allowed first.',
    fixes: [
      page('Ask an instance admin to allow this network.', 'Open the network settings', 'network'),
      copy(
        'Or send the request to whoever runs this Posthorn.',
        'Copy request',
        'Hello, our connection to {host|our mail server}, port {port|587}, is refused by the egress policy of Posthorn. Please add the address to the allowed networks.',
      ),
    ],
    who: 'instance_admin',
    retry: 'config',
    scope: 'connection',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const PROXY_FIXES = {
  address: ask('Check host and port of the proxy.', 'Edit the proxy', 'proxy'),
} as const;

const PROXIES = {
  'proxy.not_found': {
    title: 'The host name of the proxy does not exist.',
    short: 'proxy name does not exist',
    cause: 'DNS has no entry for {proxy|the proxy of these settings}.',
    fixes: [PROXY_FIXES.address],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'proxy.unreachable': {
    title: 'The proxy could not be reached.',
    short: 'proxy not reached',
    cause: 'There was no connection to {proxy|the proxy}. Nothing is known about the mail server yet.',
    fixes: [say('Is the proxy running, and may this machine connect to it?'), PROXY_FIXES.address],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
  'proxy.auth': {
    title: 'The proxy wants a sign-in, or did not accept the one it got.',
    short: 'proxy refused the sign-in',
    cause: 'The proxy answered that user name and password are missing or wrong.',
    fixes: [
      ask('Type the password of the proxy again.', 'Edit the proxy password', 'proxyPassword'),
      ask(
        'The user name belongs into the address of the proxy: `http://name@host:port`.',
        'Edit the proxy',
        'proxy',
      ),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'proxy.refused': {
    title: 'The proxy does not allow connections to {host|this host} and port.',
    short: 'proxy does not allow it',
    cause: 'Many proxies allow port 443 only. {answer}',
    fixes: [
      copy(
        'Ask the network team to allow it.',
        'Copy request',
        'Hello, the proxy {proxy|we use} refuses connections to {host|our mail server}, port {port|587}. Please allow them for our server.',
      ),
      PROXY_FIXES.address,
    ],
    who: 'network',
    retry: 'hold',
    scope: 'connection',
  },
  'proxy.target_unreachable': {
    title: 'The proxy could not reach {host|the server}.',
    short: 'proxy did not get through',
    cause: 'The proxy itself works, but it got no connection to {host|the host}[, port {port}].',
    fixes: [
      ask('Check host and port.', 'Edit the host', 'host'),
      say('Check firewall and DNS of the proxy.'),
    ],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
  'proxy.not_a_proxy': {
    title: 'What answered is not a proxy of this kind.',
    short: 'not a proxy of this kind',
    cause: '{proxy|It} did not answer in the way of SOCKS5 or HTTP CONNECT.',
    fixes: [ask('Check whether it is a SOCKS5 or an HTTP proxy, and its port.', 'Edit the proxy', 'proxy')],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'proxy.failed': {
    title: 'The proxy did not let the connection through.',
    short: 'proxy failed',
    cause: '{reason}',
    fixes: [
      ask('Check address and sign-in of the proxy.', 'Edit the proxy', 'proxy'),
      say('Check whether it allows this port[, {port}].'),
    ],
    who: 'network',
    retry: 'retry',
    scope: 'connection',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const CONVERSATION = {
  'smtp.no_greeting': {
    title: 'The connection opened, but the server said nothing.',
    short: 'no greeting',
    cause:
      'On a port that expects TLS at once, a client that waits for a greeting and the server wait for each other. Some servers also delay the greeting on purpose.',
    fixes: [
      change('Port 465 wants TLS on connect.', 'Use TLS on connect (465)', {
        security: 'implicit',
        port: 465,
      }),
      ask('Else give the greeting more time.', 'Edit the deadlines', 'timeouts'),
    ],
    who: 'you',
    retry: 'retry',
    scope: 'connection',
  },
  'smtp.not_smtp': {
    title: 'What answered is not a mail server.',
    short: 'not a mail server',
    cause: 'It answered {answer}',
    fixes: [ask('Check host and port.', 'Edit the host', 'host'), probe('Try the usual mail ports.')],
    who: 'you',
    retry: 'retry',
    scope: 'connection',
  },
  'smtp.rejected_at_door': {
    title: 'The server takes no mail from this machine at all.',
    short: 'refused at the door',
    cause:
      'The refusal concerns {ourIp|the address of this machine}, not a message: its reputation, a missing name in DNS, or a list of allowed clients.',
    fixes: [
      copy(
        'Ask the owner of the server to allow {ourIp|our address}.',
        'Copy request',
        'Hello, {host|your mail server} refuses every connection from {ourIp|our server}. Please allow this address, or tell us what it lacks.',
      ),
      say('Check block lists, and that the address has a name in DNS that leads back to it (PTR record).'),
      say('Or send over the submission host of a provider, with a sign-in.'),
    ],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'smtp.helo_rejected': {
    title: 'The server does not accept the name this machine introduces itself with.',
    short: 'EHLO name refused',
    cause: 'Servers want a full domain name that exists in DNS, not a bare host name.',
    fixes: [ask('Set the EHLO name to the full name of this machine.', 'Edit the EHLO name', 'ehloName')],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'smtp.timeout': {
    title: 'The server stopped answering in the middle of the conversation.',
    short: 'stopped answering',
    cause: 'The line stayed open, but no answer came in time.',
    fixes: [
      say('Nothing, if it happens now and then.'),
      ask('If it happens often, give the commands more time.', 'Edit the deadlines', 'timeouts'),
    ],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
  },
  'smtp.dropped': {
    title: 'The server closed the line in the middle of the conversation.',
    short: 'line closed',
    cause: 'It gave no reason. Servers do so when they restart or are too busy.',
    fixes: [
      say('Nothing, if it happens now and then.'),
      say('If it happens always at the same step, ask the owner of the server for the entry in its log.'),
    ],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
  },
  'smtp.dropped_in_data': {
    title: 'The line broke while the message was being sent; it may have arrived.',
    short: 'line broke in the message',
    cause: 'The server never answered to the end of the message, so nobody can know whether it took it.',
    fixes: [
      say('Posthorn tries again with the same Message-ID where the class of the message allows it.'),
      say('If it happens again: check MTU, proxy, and the size of the message.'),
    ],
    who: 'network',
    retry: 'retry',
    scope: 'message',
  },
  'smtp.bad_protocol': {
    title: 'The server answered in a way SMTP does not allow.',
    short: 'not proper SMTP',
    cause: 'The answer was out of order, too long, or no reply at all. A filter on the way can cause this.',
    fixes: [
      say('Look at the transcript.'),
      say('Switch off SMTP inspection in firewalls and virus scanners on the way.'),
    ],
    who: 'server_owner',
    retry: 'retry',
    scope: 'connection',
  },
  'smtp.command_refused': {
    title: 'The server did not understand a command or one of its parameters.',
    short: 'command not understood',
    cause: 'It is tried once more without extensions.',
    fixes: [say('Look at the transcript, and ask the owner of the server.')],
    who: 'server_owner',
    retry: 'retry',
    scope: 'message',
  },
  'smtp.unavailable': {
    title: 'The server has a problem of its own and asks to come back later.',
    short: 'server asks to come later',
    cause: 'It is busy, being maintained, or a service behind it failed.',
    fixes: [say('Nothing. Posthorn tries again.')],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
  },
  'smtp.storage': {
    title: 'The server has no space left right now.',
    short: 'server has no space',
    cause: 'Its disk or its queue is full.',
    fixes: [say('The owner of the server frees space. Posthorn tries again.')],
    who: 'server_owner',
    retry: 'retry',
    scope: 'connection',
  },
  'smtp.loop': {
    title: 'The message went round in circles between servers.',
    short: 'mail loop',
    cause: 'A forwarding or routing rule sends it back to a server that had it already.',
    fixes: [say('Check the forwarding of {recipient|the recipient} and the MX records of the domain.')],
    who: 'recipient',
    retry: 'fail',
    scope: 'message',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const NETWORK_ERRORS = { ...NAMES_AND_ROUTES, ...PROXIES, ...CONVERSATION } as const;
