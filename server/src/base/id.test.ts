import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idAt, isId, newId } from './id.ts';

test('Q9: 200,000 ids are all different and in the order they were made', () => {
  let last = '';
  for (let count = 0; count < 200_000; count += 1) {
    const id = newId('msg');
    assert.ok(id > last, `${id} comes after ${last}`);
    last = id;
  }
});

test('an id is recognised by its prefix and form, and nothing else is', () => {
  assert.ok(isId('msg', newId('msg')));
  for (const wrong of [
    'msg_',
    'msg_0',
    newId('con'),
    `${newId('msg')}0`,
    newId('msg').toUpperCase(),
    'msg_0000000000000000000000000u',
  ]) {
    assert.equal(isId('msg', wrong), false, wrong);
  }
});

test('ids of a span of time lie between the first ids of its ends', () => {
  const before = idAt('msg', Date.now() - 1);
  const id = newId('msg');
  assert.ok(before < id);
  assert.ok(id < idAt('msg', Date.now() + 1_000));
});
