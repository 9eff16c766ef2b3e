import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeJudgement, judge, newHistory, noteArrival } from './history.ts';

function history(spec: { attempted: string; acknowledged: string; delivered: string }) {
  const made = newHistory();
  for (const id of spec.attempted) made.attempted.add(id);
  for (const id of spec.acknowledged) made.acknowledged.add(id);
  for (const id of spec.delivered) noteArrival(made, id, 1_000);
  return made;
}

test('D4: a history without faults is valid', () => {
  const found = judge(history({ attempted: 'abc', acknowledged: 'abc', delivered: 'cab' }));
  assert.equal(found.valid, true);
  assert.equal(found.duplicates, 0);
});

test('D4: an acknowledged message that never arrived is lost', () => {
  const found = judge(history({ attempted: 'ab', acknowledged: 'ab', delivered: 'a' }));
  assert.deepEqual(found.lost, ['b']);
  assert.equal(found.valid, false);
  assert.match(describeJudgement(found), /lost 1 \(b\)/);
});

test('D4: an unanswered message may arrive or not; arriving, it is recovered', () => {
  const found = judge(history({ attempted: 'abc', acknowledged: 'a', delivered: 'ab' }));
  assert.equal(found.valid, true);
  assert.equal(found.recovered, 1);
});

test('D4: what nobody sent is unexpected', () => {
  const found = judge(history({ attempted: 'a', acknowledged: 'a', delivered: 'ax' }));
  assert.deepEqual(found.unexpected, ['x']);
  assert.equal(found.valid, false);
});

test('Q4: a second copy is explained only by a kill around the first', () => {
  const made = history({ attempted: 'ab', acknowledged: 'ab', delivered: 'ab' });
  noteArrival(made, 'a', 5_000);
  assert.deepEqual(judge(made).unexplained, ['a']);
  made.kills.push(1_400);
  const found = judge(made);
  assert.deepEqual(found.unexplained, []);
  assert.equal(found.duplicates, 1);
  assert.equal(found.inFlight, 2);
  noteArrival(made, 'a', 9_000); // the copy at 5,000 was not near any kill
  assert.deepEqual(judge(made).unexplained, ['a']);
});
