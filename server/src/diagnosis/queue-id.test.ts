import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReplyLines } from '../mail/mail.ts';
import { queueIdOf } from './queue-id.ts';

test('the id of the next server is found in the forms of common servers, and never made up', () => {
  const forms: [string, string | undefined][] = [
    ['2.0.0 Ok: queued as 4XyZ1234Ab', '4XyZ1234Ab'],
    ['OK id=1sKx2c-000000003Ab-2fGh', '1sKx2c-000000003Ab-2fGh'],
    [
      '2.6.0 <abc@app.example> [InternalId=4711, Hostname=X.prod.outlook.com] Queued mail for delivery',
      'abc@app.example',
    ],
    [
      'Ok 0100018f2a3b4c5d-1a2b3c4d-0000-1111-2222-333344445555-000000',
      '0100018f2a3b4c5d-1a2b3c4d-0000-1111-2222-333344445555-000000',
    ],
    ['2.0.0 OK  1717171717 ab12cd34ef-5678gh - gsmtp', 'ab12cd34ef-5678gh'],
    ['2.0.0 4AB1cd2e012345 Message accepted for delivery', '4AB1cd2e012345'],
    ['Ok', undefined],
    ['2.0.0 Message accepted', undefined],
    ['Great success, thank you', undefined],
  ];
  for (const [line, id] of forms) assert.equal(queueIdOf(parseReplyLines(250, [line])), id, line);
});
