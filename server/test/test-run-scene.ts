/**
 * What tests of connection tests start from: starting one over the API, waiting for its end, looking at its stages.
 */
import assert from 'node:assert/strict';
import type { Answer, Api } from './api-scene.ts';

export interface ShownStage {
  readonly id: string;
  readonly status: string;
  readonly ms?: number;
  readonly fact?: string;
  readonly summary?: Record<string, unknown>;
  readonly details?: Record<string, unknown>;
  readonly notes?: string[];
  readonly code?: number;
  readonly enhanced?: string;
  readonly reply?: string;
  readonly diagnosis?: {
    id: string;
    title: string;
    cause: string;
    fixes: { text: string }[];
    confidence: string;
  };
}

/** Starts a test that must be taken; answers its id. */
export async function startTest(api: Api, body: object, key = api.key): Promise<string> {
  const started = await api.ask('POST', '/connection-tests', { body, key });
  assert.equal(started.status, 202, started.text);
  return String(started.at('id'));
}

/** Starts a test and waits for its end. */
export async function runTest(api: Api, body: object, key = api.key): Promise<Answer> {
  return testEnd(api, await startTest(api, body, key), key);
}

/** Reads it until it is over. */
export async function testEnd(api: Api, id: string, key = api.key): Promise<Answer> {
  for (;;) {
    const shown = await api.ask('GET', `/connection-tests/${id}`, { key });
    assert.equal(shown.status, 200, shown.text);
    if (shown.at('status') !== 'running') return shown;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** `id status` of each stage. */
export function stagesIn(answer: Answer): string[] {
  return (answer.at('stages') as ShownStage[]).map(({ id, status }) => `${id} ${status}`);
}

export function stageIn(answer: Answer, id: string): ShownStage {
  const found = (answer.at('stages') as ShownStage[]).find((one) => one.id === id);
  assert.ok(found, `no stage ${id}: ${answer.text}`);
  return found;
}

export interface SeenEvent {
  readonly id: number;
  readonly t: string;
  readonly stage?: string;
  readonly status?: string;
  readonly [more: string]: unknown;
}

/** Follows a test over HTTP, event by event. */
export async function* followTest(
  api: Api,
  url: string,
  id: string,
  lastId?: string,
): AsyncGenerator<SeenEvent> {
  const headers = {
    authorization: `Bearer ${api.key}`,
    ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
  };
  const response = await fetch(`${url}/api/v1/connection-tests/${id}/events`, { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  let text = '';
  const decoder = new TextDecoder();
  assert.ok(response.body !== null);
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, number, data] = /^id: (\d+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (data === undefined) continue;
      const { id: stage, ...event } = JSON.parse(data) as { t: string; id?: string };
      yield { ...event, id: Number(number), ...(stage === undefined ? {} : { stage }) };
    }
  }
}
