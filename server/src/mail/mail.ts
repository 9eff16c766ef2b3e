/**
 * The words of mail, pure: addresses, headers, replies, outcomes, and composing a message.
 * Nothing here opens a socket, a file or a database. Next: address.ts
 */
export type { Address, AddressOptions, AddressResult } from './address.ts';
export { addressKey, isAsciiAddress, parseAddress, serializeAddress } from './address.ts';
export type { ListEntry } from './address-list.ts';
export { covers, parseListEntry } from './address-list.ts';
export type { Mailbox, MailboxResult } from './display-address.ts';
export { displayAddress, nameWarning, parseMailbox } from './display-address.ts';
export type { EnhancedStatus, Failure, FailureKind, Phase, Reply } from './reply.ts';
export { formatEnhanced, formatReply, parseReplyLines, PHASES } from './reply.ts';
export type { Category, OutcomeKind, Scope, Verdict } from './outcome.ts';
export { newMessageId } from './message-id.ts';
export type { HeaderCheck } from './header.ts';
export { checkHeader } from './header.ts';
export type { HeaderField } from './header-block.ts';
export { addressesOf, readHeaderBlock, writeHeaderBlock } from './header-block.ts';
export type { ContentTypeResult } from './attachment.ts';
export { cleanFilename, parseContentType } from './attachment.ts';
export type { Attachment, Composed, Content } from './compose.ts';
export { composeMessage } from './compose.ts';
export type { ErrorId } from './error-catalogue.ts';
export { ERRORS, isErrorId } from './error-catalogue.ts';
export type { Change, DocLink, ErrorEntry, Fix, FixAction, ParamName, Retry, Who } from './error-entry.ts';
export type { Explainable, ExplainParams, Explanation } from './explain.ts';
export { errorTitle, explain } from './explain.ts';
export type { TextExplained } from './explain-line.ts';
export { explainText } from './explain-line.ts';
export type { Observation } from './classify.ts';
export { classify } from './classify.ts';
