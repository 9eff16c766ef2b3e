/**
 * Security notices: a mail that proves nothing and leads nowhere. It tells a person what became of an account.
 * Next: notice-words.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Principal } from '../http/http.ts';
import { addressKey, serializeAddress, type Mailbox } from '../mail/mail.ts';
import { submissionSchema, type Acceptor, type Submission } from '../messages/messages.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { transaction, type Db } from '../store/store.ts';
import { lockTenant, type Locale, type NoticeName, type Settings } from '../tenants/tenants.ts';
import { limitSettings } from './flow-settings.ts';
import { harmless } from './harmless.ts';
import { limitsOf, refuseFull, takeRoom } from './limits.ts';
import { NOT_YOU, NOTICE_WORDS, type NoticeAbout } from './notice-words.ts';
import { noteSend, type Where } from './queries.ts';
import { FRAME, localeFor } from './words.ts';

export interface NoticeDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly keyRing: Pick<KeyRing, 'digest'>;
  readonly settings: Settings;
  readonly acceptor: Acceptor;
}

export interface NoticeRequest {
  readonly flow: NoticeName;
  readonly about: NoticeAbout;
  readonly to: Mailbox;
  /** Lines of the mail, such as `device`; `name` is the person's. */
  readonly data: Readonly<Record<string, string>>;
  /** A language tag; the setting `locale` when absent. */
  readonly locale?: string | undefined;
  /** Who set it off, where that is a stranger: the notice then counts towards what strangers may set off. */
  readonly clientAddress?: string | undefined;
}

/** Mails a notice; answers the message's id. Throws `rate_limited`, and what accepting mail throws. */
export async function sendNotice(
  deps: NoticeDeps,
  principal: Principal,
  request: NoticeRequest,
): Promise<{ readonly messageId: string; readonly to: string }> {
  const { db, clock, keyRing, settings, acceptor } = deps;
  const { tenantId } = principal;
  const { flow, to, clientAddress } = request;
  const now = clock.now();
  const where: Where = { audience: 'application', tenantId, flow, addressKey: addressKey(to.address) };
  const limits = await limitsOf(keyRing, {
    ...{ ...where, address: to.address, clientAddress, withCode: false },
    askedBy: clientAddress === undefined ? 'caller' : 'stranger',
    limits: limitSettings(settings, tenantId, flow),
  });
  await refuseFull(db, limits, now);
  const prepared = await acceptor.prepare(
    principal,
    writeNotice(request, localeFor(request.locale, settings.get(tenantId, 'locale') ?? 'en')),
    undefined,
  );
  const messageId = prepared.message.letter.id;
  await transaction(db, async (tx) => {
    await lockTenant(tx, tenantId);
    await takeRoom(tx, limits, now);
    await noteSend(tx, where, now, messageId);
  });
  await acceptor.accept(principal, [prepared], undefined);
  return { messageId, to: serializeAddress(to.address) };
}

function writeNotice({ about, to, data }: NoticeRequest, locale: Locale): Submission {
  const { subject, opening } = NOTICE_WORDS[locale][about];
  const name = harmless(data['name'] ?? '');
  const details = Object.entries(data)
    .filter(([key]) => key !== 'name')
    .map(([key, value]) => `${harmless(key)}: ${harmless(value)}`);
  const lines = [
    ...(name === '' ? [] : [FRAME[locale].hello(name), '']),
    ...[opening, ''],
    ...(details.length === 0 ? [] : [...details, '']),
    NOT_YOU[locale],
  ];
  const written = { to: [serializeAddress(to.address)], subject, text: lines.join('\n') };
  return { ...submissionSchema.parse(written), class: 'account' };
}
