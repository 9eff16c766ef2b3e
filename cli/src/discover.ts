/**
 * `posthorn discover`, `probe`, `presets`, `deliverability`: what helps to set a connection up. The server looks, from
 * where it will send; this only shows.
 * Next: advice-lines.ts
 */
import type { Command } from 'commander';
import type { Discovery, Preset, Probe, ProbeRow, Suggestion } from '@posthorn/sdk';
import { adviceRowLines } from './advice-lines.ts';
import { EXIT, UsageError } from './failure.ts';
import { connect, examples, remote, type Context, type RemoteOptions } from './remote.ts';
import { clean, table, type Terminal } from './terminal.ts';

export function addDiscovery(program: Command, context: Context): void {
  addDiscover(program, context);
  addProbe(program, context);
  addPresets(program, context);
  addDeliverability(program, context);
}

function addDiscover(program: Command, { world, terminal, finish }: Context): void {
  remote(program.command('discover <address>'))
    .description('find the servers for sending of an address or a domain; only the domain leaves the server')
    .addHelpText('before', examples('posthorn discover notify@example.com', 'posthorn discover example.com'))
    .action(async (address: string, options: RemoteOptions) => {
      const found = await connect(options, world).discovery.discover(address);
      if (options.json === true) terminal.json(found);
      else for (const line of discoveryLines(found, terminal)) terminal.line(line);
      finish(found.suggestions.length > 0 ? EXIT.done : EXIT.failed);
    });
}

function discoveryLines({ domain, suggestions, steps }: Discovery, terminal: Terminal): string[] {
  if (suggestions.length === 0) {
    return [
      `No settings were found for ${clean(domain)}. Choose a provider (posthorn presets), or enter host and port.`,
      ...steps.map(({ asked }) => `  ${terminal.mark('idle')} ${clean(asked)}: nothing`),
    ];
  }
  return suggestions.flatMap((one, at) => suggestionLines(one, at === 0, terminal));
}

function suggestionLines(one: Suggestion, best: boolean, terminal: Terminal): string[] {
  const { host, port, security, auth, username } = one.settings;
  const name = terminal.style('bold', clean(one.name));
  return [
    `${terminal.mark(best ? 'ok' : 'idle')} ${name}${best ? '  recommended' : ''}`,
    `    ${clean(host)}:${String(port)}  ${security}  ${auth}${username === undefined ? '' : `  ${clean(username)}`}`,
    ...one.evidence.map(({ text }) => `    ${terminal.style('dim', clean(text))}`),
    ...(one.caution === null ? [] : [`    ${terminal.style('yellow', clean(one.caution))}`]),
  ];
}

function addProbe(program: Command, { world, terminal, finish }: Context): void {
  remote(program.command('probe <host>'))
    .description('see which mail ports of a host are open from the server, and what speaks there')
    .addHelpText('before', examples('posthorn probe smtp.example.com'))
    .action(async (host: string, options: RemoteOptions) => {
      const probed = await connect(options, world).discovery.probe(host);
      if (options.json === true) terminal.json(probed);
      else for (const line of probeLines(probed, terminal)) terminal.line(line);
      finish(probed.ports.some(({ state }) => state === 'open') ? EXIT.done : EXIT.failed);
    });
}

function probeLines({ ports, trouble }: Probe, terminal: Terminal): string[] {
  if (trouble !== null) return [clean(trouble)];
  return table(['PORT', 'STATE', 'SPEAKS', 'TIME', 'USE'], ports.map(probeRow), terminal);
}

function probeRow({ port, state, speaks, startTls, ms, change }: ProbeRow): string[] {
  const words = {
    plain: startTls === true ? 'SMTP with STARTTLS' : 'SMTP in plain text',
    tls: 'TLS from the first byte',
    silent: 'nothing',
    other: 'no mail server',
  };
  const use = change === null ? '–' : securityOf(change.change);
  return [String(port), state, speaks === null ? '–' : words[speaks], `${String(ms)} ms`, use];
}

function securityOf(change: Readonly<Record<string, unknown>>): string {
  return typeof change['security'] === 'string' ? `security ${change['security']}` : '–';
}

function addPresets(program: Command, { world, terminal }: Context): void {
  remote(program.command('presets [id]'))
    .description('list the providers whose settings are known, or show one with its steps')
    .addHelpText('before', examples('posthorn presets', 'posthorn presets microsoft365'))
    .action(async (id: string | undefined, options: RemoteOptions) => {
      const all = await connect(options, world).discovery.presets();
      const chosen = id === undefined ? undefined : all.find((one) => one.id === id);
      if (id !== undefined && chosen === undefined) {
        throw new UsageError(
          `there is no preset ${JSON.stringify(id)}: ${all.map((one) => one.id).join(', ')}`,
        );
      }
      if (options.json === true) terminal.json(chosen ?? { items: all });
      else if (chosen === undefined) {
        for (const line of table(
          ['ID', 'NAME', 'HOST', 'PORT', 'SECURITY', 'USER NAME'],
          all.map(presetRow),
          terminal,
        ))
          terminal.line(line);
      } else for (const line of presetLines(chosen, terminal)) terminal.line(line);
    });
}

function presetRow({ id, name, host, port, security, username }: Preset): string[] {
  return [id, name, host, String(port), security, username.fixed ?? username.placeholder];
}

function presetLines(preset: Preset, terminal: Terminal): string[] {
  const { name, host, regions, ports, username, secret, limits, notices, docs, stale, reviewedOn } = preset;
  const hosts = regions.length === 0 ? [host] : regions.map((region) => `${region.host}  ${region.name}`);
  return [
    terminal.style('bold', name),
    ...hosts.map((one) => `  ${one}`),
    `  Ports      ${ports.map((one) => `${String(one.port)} ${one.security}`).join(', ')}`,
    `  User name  ${username.rule}`,
    `  Secret     ${secret.label} (${secret.placeholder})`,
    ...secret.helpSteps.map((step, at) => `    ${String(at + 1)}  ${step}`),
    ...(limits.note === undefined ? [] : [`  Limits     ${limits.note}`]),
    ...notices.map(
      ({ severity, text }) => `  ${terminal.mark(severity === 'warn' ? 'warning' : 'idle')} ${text}`,
    ),
    ...docs.map(({ label, url }) => `  ${label}: ${url}`),
    ...(stale
      ? [
          `  ${terminal.mark('warning')} Last compared on ${reviewedOn}: check these values with the provider.`,
        ]
      : []),
  ];
}

interface DeliverabilityOptions extends RemoteOptions {
  readonly connection?: string;
  readonly host?: string;
}

function addDeliverability(program: Command, { world, terminal, finish }: Context): void {
  remote(program.command('deliverability <from>'))
    .description(
      'see whether receivers can tell that mail over a relay comes from its sender: SPF, DKIM, DMARC',
    )
    .option('--connection <name>', 'the connection in use')
    .option('--host <host>', 'the relay in use, in place of a connection')
    .addHelpText('before', examples('posthorn deliverability notify@example.com --connection primary'))
    .action(async (from: string, options: DeliverabilityOptions) => {
      const { connection, host } = options;
      if ((connection === undefined) === (host === undefined)) {
        throw new UsageError('name the relay: either --connection NAME or --host HOST');
      }
      const asked = connection === undefined ? { from, host: host ?? '' } : { from, connection };
      const found = await connect(options, world).discovery.deliverability(asked);
      if (options.json === true) terminal.json(found);
      else for (const line of found.rows.flatMap((one) => adviceRowLines(one, terminal))) terminal.line(line);
      finish(found.rows.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.done);
    });
}
