/**
 * The pages that links in mails lead to: a form, and what became of it. Looking at a page changes nothing; only its
 * button does, so that a program that follows links in mail uses none of them up (F2).
 */
import { z } from 'zod';
import { Problem } from '../base/problem.ts';
import {
  htmlPage,
  operation,
  pageHeaders,
  rawAnswer,
  refuseOtherHost,
  type HtmlPage,
  type Operation,
  type PageField,
} from '../http/http.ts';
import type { Accounts } from './accounts.ts';
import { passwordSchema } from './account-views.ts';
import { acceptInvitation, openInvitation } from './invitations.ts';
import { confirmEmailChange, openEmailChange } from './own-account.ts';
import { completeReset, openReset } from './resets.ts';

const html = rawAnswer('text/html; charset=utf-8');
const params = z.object({ token: z.string().max(200) });
const answers = { 200: html, 400: html };

const OVER: HtmlPage = {
  title: 'This link is over',
  paragraphs: ['It has expired, was already used, or a newer one took its place.', 'Ask for a new one.'],
};

/** A page for each kind of link: what it shows, what its button does. */
interface LinkPage {
  readonly path: string;
  readonly names: { readonly show: string; readonly submit: string };
  readonly summary: string;
  /** `undefined` for a link that is not good. */
  open(token: string): Promise<OpenPage | undefined>;
  submit(token: string, body: Fields, caller: Parameters<typeof completeReset>[1]): Promise<HtmlPage>;
}

interface OpenPage {
  readonly page: Pick<HtmlPage, 'title' | 'paragraphs'>;
  readonly fields: readonly PageField[];
  readonly button: string;
}

interface Fields {
  readonly name: string;
  readonly password: string;
}

const newPassword: PageField = {
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'new-password',
  hint: 'At least ten characters. A few words are fine.',
};

export function pageOperations(deps: Accounts): Operation[] {
  return [invitePage(deps), resetPage(deps), emailPage(deps)].flatMap((kind) => operationsOf(deps, kind));
}

function invitePage(deps: Accounts): LinkPage {
  return {
    path: '/invite',
    names: { show: 'showInvitationPage', submit: 'submitInvitationPage' },
    summary: 'invitation',
    async open(token) {
      const found = await openInvitation(deps, token);
      if (found === undefined) return undefined;
      const { email } = found.invitation;
      if (found.person !== undefined)
        return {
          page: {
            title: 'You are invited',
            paragraphs: [`Accept with the password of your account ${email}.`],
          },
          fields: [{ ...newPassword, autocomplete: 'current-password', hint: 'The one you have.' }],
          button: 'Accept',
        };
      return {
        page: { title: 'You are invited', paragraphs: [`Choose a password for ${email}.`] },
        fields: [{ name: 'name', label: 'Your name', type: 'text', autocomplete: 'name' }, newPassword],
        button: 'Make the account',
      };
    },
    async submit(token, body, caller) {
      const { email } = await acceptInvitation(deps, caller, { link: token, ...body });
      return { title: 'Welcome', paragraphs: [`Your account ${email} is ready. You can sign in now.`] };
    },
  };
}

function resetPage(deps: Accounts): LinkPage {
  return {
    path: '/reset',
    names: { show: 'showResetPage', submit: 'submitResetPage' },
    summary: 'new password',
    async open(token) {
      const person = await openReset(deps, token);
      return (
        person && {
          page: { title: 'Choose a new password', paragraphs: [`For your account ${person.email}.`] },
          fields: [newPassword],
          button: 'Set the password',
        }
      );
    },
    async submit(token, { password }, caller) {
      await completeReset(deps, caller, { token, password });
      return {
        title: 'Your password is changed',
        paragraphs: ['You were signed out everywhere. Sign in with the new password.'],
      };
    },
  };
}

function emailPage(deps: Accounts): LinkPage {
  return {
    path: '/confirm-email',
    names: { show: 'showEmailPage', submit: 'submitEmailPage' },
    summary: 'new address',
    async open(token) {
      const found = await openEmailChange(deps, token);
      return (
        found && {
          page: {
            title: 'Confirm your new address',
            paragraphs: [`${found.email} becomes the address of your account.`],
          },
          fields: [],
          button: 'Confirm',
        }
      );
    },
    async submit(token, _body, caller) {
      await confirmEmailChange(deps, caller, token);
      return { title: 'Your address is changed', paragraphs: ['Sign in with the new address from now on.'] };
    },
  };
}

function operationsOf({ ownUrl }: Accounts, kind: LinkPage): Operation[] {
  const shared = {
    path: `${kind.path}/{token}` as `/${string}`,
    outside: true,
    tags: ['Pages'],
    params,
    answers,
  };
  const formOf = (token: string, open: OpenPage, wrong: Problem | undefined): HtmlPage => {
    const fields = open.fields.map((field) => {
      const found = wrong?.errors.find(({ path }) => path === field.name);
      return found === undefined ? field : { ...field, error: `It ${found.message}.` };
    });
    const general = wrong !== undefined && wrong.errors.length === 0 ? [wrong.detail] : [];
    return {
      title: open.page.title,
      paragraphs: [...open.page.paragraphs, ...general],
      form: { action: `${kind.path}/${token}`, fields, button: open.button },
    };
  };
  return [
    operation({
      ...shared,
      method: 'GET',
      operationId: kind.names.show,
      summary: `Show the page of a link: ${kind.summary}; changes nothing`,
      permission: 'public',
      refusals: ['misdirected'],
      async run({ params: { token }, caller }) {
        refuseOtherHost(caller, ownUrl());
        const open = await kind.open(token);
        if (open === undefined) return { status: 400, headers: pageHeaders('none'), body: htmlPage(OVER) };
        return { status: 200, headers: pageHeaders({}), body: htmlPage(formOf(token, open, undefined)) };
      },
    }),
    operation({
      ...shared,
      method: 'POST',
      form: true,
      operationId: kind.names.submit,
      summary: `Press the button of that page: ${kind.summary}`,
      permission: 'public',
      audit: 'none', // recorded as what the person did
      body: z.strictObject({ name: z.string().max(100).default(''), password: passwordSchema.default('') }),
      refusals: ['forbidden', 'misdirected'],
      async run({ params: { token }, body, caller }) {
        refuseOtherHost(caller, ownUrl());
        try {
          const done = await kind.submit(token, body, caller);
          return { status: 200, headers: pageHeaders('none'), body: htmlPage(done) };
        } catch (error) {
          if (!(error instanceof Problem) || error.status >= 500 || error.code === 'forbidden') throw error;
          const open = await kind.open(token);
          if (open === undefined) return { status: 400, headers: pageHeaders('none'), body: htmlPage(OVER) };
          return { status: 400, headers: pageHeaders({}), body: htmlPage(formOf(token, open, error)) };
        }
      },
    }),
  ];
}
