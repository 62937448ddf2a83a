import { type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { rejectedRows } from '#core/contracts/nba_raw/rejected-rows.ts';
import { type CanaryWorld, type CheckedThing, defineCanary } from '#guard/canaries/definition.ts';

async function compare(world: CanaryWorld, table: TableContract): Promise<CheckedThing> {
  const subject = tableId(table);
  const live = await world.warehouse.describe(table);
  if (live === undefined) return { subject, is_bad: true, note: 'does not exist' };
  const types = new Map(live.map(({ name, type }) => [name, type]));
  const missing = Object.keys(table.columns).filter((name) => !types.has(name));
  const other = Object.entries(table.columns).filter(([name, { type }]) => types.has(name) && types.get(name) !== type);
  const problems = [
    ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
    ...other.map(([name, { type }]) => `${name} is ${types.get(name)}, expected ${type}`),
  ];
  return { subject, is_bad: problems.length > 0, note: problems.join('; ') };
}

export const contractDrift = defineCanary({
  id: 'contract_drift',
  phase: 'operations',
  question: 'Does every live table have the columns its writer needs?',
  expected: 'every column of every contract, with its type',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'tipoff schema check, then tipoff schema apply',
  dependsOn: [],
  whenEmpty: 'fail',
  look: { probe: (world) => Promise.all(CONTRACTS.map((table) => compare(world, table))) },
  sabotage: {
    act: async ({ warehouse }) => {
      const aside = { dataset: 'nba_orchestration', name: '_canary_proof_rejected_rows' } as const;
      const columns = Object.keys(rejectedRows.columns).join(', ');
      await warehouse.createTable(rejectedRows, aside);
      await warehouse.execute(`INSERT INTO ${tableId(aside)} (${columns}) SELECT ${columns} FROM ${tableId(rejectedRows)}`);
      await warehouse.dropTable(rejectedRows);
      return async () => {
        await warehouse.createTable(rejectedRows);
        await warehouse.execute(`INSERT INTO ${tableId(rejectedRows)} (${columns}) SELECT ${columns} FROM ${tableId(aside)}`);
        await warehouse.dropTable(aside);
      };
    },
  },
  meaning:
    'Code and table differ: the next write to the table is refused. Two columns missing from one table once cost a whole day of predictions. Columns beyond the contract are harmless and not named.',
  steps: [
    'tipoff schema check prints the statements that bring the table in line.',
    'Adding nullable columns is safe at any time; anything else is a migration.',
    'Was a version deployed whose migration was not run? See deployed_version.',
  ],
});
