/**
 * Settings of the ways out that are not SMTP: Microsoft Graph, a pickup folder, the local mailbox.
 * Next: connection-settings.ts
 */
import { z } from 'zod';
import {
  commonShape,
  httpsUrl,
  line,
  literalKey,
  literalSecret,
  networkShape,
  of,
  rules,
  tokenShape,
  type Refuse,
} from './connection-fields.ts';
import { smtpTable } from './smtp-settings.ts';
import { table, text, unknownField } from './fields.ts';

const FOLDER = /^[^\0\r\n]+$/;

/** Microsoft Graph `sendMail`, with an application's client credentials. */
export function graphTable<S extends z.ZodType>(secret: S) {
  return table({
    type: of(z.literal('graph'), 'destination', 'What kind of connection this is.'),
    ...commonShape,
    username: of(
      line('a mailbox address or id'),
      'destination',
      'Mailbox that is sent from: its address or its object id.',
    ),
    ...tokenShape(secret),
    graphUrl: of(
      z.exactOptional(httpsUrl()),
      'destination',
      'Address of the service; `https://graph.microsoft.com` when not given. National clouds have their own.',
    ),
    ...networkShape(),
  }).superRefine(rules(graphRules), { when: () => true });
}

function graphRules(value: Readonly<Record<string, unknown>>, refuse: Refuse): void {
  if (value['clientId'] === undefined) refuse('clientId', 'missing: Microsoft Graph needs the client id');
  if (value['tokenUrl'] === undefined && value['tenantId'] === undefined) {
    refuse('tenantId', 'missing: Microsoft Graph needs the directory (tenant) id');
  }
}

/** A folder into which messages are written as `.eml`, for another program to collect. */
export const pickupSettings = table({
  type: of(z.literal('pickup'), 'destination', 'What kind of connection this is.'),
  ...commonShape,
  folder: of(
    text(FOLDER, 'the path of a folder'),
    'destination',
    'Folder to write to; must be inside one that the configuration allows.',
  ),
});

const SENDING = Object.keys(smtpTable(literalSecret, literalKey).shape).filter(
  (name) => !(name in commonShape),
);

/** Keeps mail here. */
export const mailboxSettings = table(
  { type: of(z.literal('mailbox'), 'destination', 'What kind of connection this is.'), ...commonShape },
  (name) =>
    SENDING.includes(name)
      ? `a mailbox connection has no "${name}": it keeps mail here and connects nowhere`
      : unknownField(name, Object.keys(commonShape)),
);
