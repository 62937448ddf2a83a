import { randomUUID } from 'node:crypto';
import { beforeEach, describe, it } from 'vitest';
import { emulated, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import { warehouseContract } from '#test/contract/warehouse.ts';
import { offered } from './offered.ts';

/** What bqemulator 1.4.0 does otherwise than BigQuery documents, by the test that shows it. */
const WRONG_IN_EMULATOR: Readonly<Record<string, string>> = {
  'binds strings, whole and broken numbers, booleans and null by name':
    'takes @text inside of a string for a parameter',
  'creates an empty table of the same shape with labels and an expiry': 'ignores expirationTime',
  'adds a nullable column at the end, null in the rows that stand': 'shows no column that a statement added',
  'does nothing the second time and refuses another type': 'shows no column that a statement added',
  'changes what is named and leaves the rest': 'ignores SET OPTIONS',
  'refuses to change a table that does not exist': 'ignores SET OPTIONS',
  'knows which text a view was made from': 'forgets text and labels of views',
  'enters rows and checksum of each slate that it wrote or emptied, and says when other rows lie there':
    'knows no function of whole rows, so that its checksums are 0',
  'lets rows of the wider contract in': 'accepts a load whose schema has a column that the table lacks',
};

beforeEach(({ task, skip }) => {
  const wrong = WRONG_IN_EMULATOR[task.name];
  if (wrong !== undefined) skip(`bqemulator ${wrong}`);
});

const endpoint = offered('bigquery');

if (endpoint === undefined) {
  describe.skip('BigQuery (no emulator was offered)', () => {
    it('keeps the warehouse contract', () => undefined);
  });
} else {
  warehouseContract('BigQuery, by bqemulator', async () =>
    openBigQuery({
      projectId: `tipoff-${randomUUID().slice(0, 8)}`,
      location: 'US',
      retries: 1,
      ...emulated(endpoint),
    }),
  );
}
