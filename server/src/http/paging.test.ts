import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { newId } from '../base/id.ts';
import { Problem } from '../base/problem.ts';
import { pageOf, pageQuery, readCursor } from './paging.ts';

test('a page gives a cursor only when there is more, and the cursor leads to the last item', () => {
  const rows = [newId('msg'), newId('msg'), newId('msg')];
  const page = pageOf(rows, 2, (row) => row);
  assert.deepEqual(page.items, rows.slice(0, 2));
  assert.equal(readCursor(page.next ?? undefined, 'msg'), rows[1]);
  assert.deepEqual(
    pageOf(['a', 'b'], 2, (row) => row),
    { items: ['a', 'b'], next: null },
  );
  assert.equal(readCursor(undefined, 'msg'), undefined);
});

test('made-up cursors are refused', () => {
  const coded = (text: string): string => Buffer.from(text).toString('base64url');
  const made = [
    coded('after:a'),
    coded(`after:${newId('con')}`),
    coded(newId('msg')),
    coded('after:msg_\u0000'),
  ];
  for (const cursor of ['', 'x', '%%%', 'b', `${coded(`after:${newId('msg')}`)}=`, ...made]) {
    assert.throws(() => readCursor(cursor, 'msg'), Problem, cursor);
  }
});

test('limit is a whole number from 1 to 200, 50 by default', () => {
  const query = z.strictObject(pageQuery);
  assert.equal(query.parse({}).limit, 50);
  assert.equal(query.parse({ limit: '7' }).limit, 7);
  for (const limit of ['0', '201', '1.5', 'x', ''])
    assert.equal(query.safeParse({ limit }).success, false, limit);
});
