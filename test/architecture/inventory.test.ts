import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { differences, INVENTORY_FILE, type Inventory, inventory } from '#scripts/inventory.ts';

const listed: Inventory = JSON.parse(readFileSync(INVENTORY_FILE, 'utf8'));
const UPDATE = 'run `npm run inventory` and commit test/architecture/inventory.json';

describe('what the product offers', async () => {
  const offered = await inventory();

  it('has lost nothing that the list names', () => {
    const { lost } = differences(listed, offered);
    expect(
      lost,
      `somebody may rely on these: bring them back; where one was removed or renamed on purpose, ${UPDATE}`,
    ).toEqual([]);
  });

  it('has nothing that the list does not name', () => {
    const { added } = differences(listed, offered);
    expect(added, `these are new: ${UPDATE}`).toEqual([]);
  });

  it.each(Object.entries(offered))('is read from the code: %s', (_section, lines) => {
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line, i) => line === '' || line === lines[i - 1])).toEqual([]);
  });

  it.each(Object.keys(offered))(
    'is missed when one line or all lines of a section are gone: %s',
    (section) => {
      const [first = '', ...rest] = offered[section] ?? [];
      const { [section]: _gone, ...others } = offered;
      expect(differences(offered, { ...offered, [section]: rest })).toEqual({
        lost: [`${section}: ${first}`],
        added: [],
      });
      expect(differences(offered, others).lost).toHaveLength(rest.length + 1);
      expect(differences(others, offered).added).toHaveLength(rest.length + 1);
    },
  );
});
