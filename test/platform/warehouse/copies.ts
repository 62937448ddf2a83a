import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from './open.ts';

/** Writes everything that a warehouse in memory holds to a new file. */
export async function saveCopy(warehouse: Warehouse, file: string): Promise<void> {
  await warehouse.execute(`ATTACH '${file}' AS saved`);
  await warehouse.execute('COPY FROM DATABASE memory TO saved');
  await warehouse.execute('DETACH saved');
}

/** Opens a warehouse in memory with everything that a file holds: what is written to it stays out of the file. */
export async function openCopy(file: string): Promise<Warehouse> {
  const warehouse = await openWarehouse({ tables: 'none' });
  await warehouse.execute(`ATTACH '${file}' AS saved (READ_ONLY)`);
  await warehouse.execute('COPY FROM DATABASE saved TO memory');
  await warehouse.execute('DETACH saved');
  return warehouse;
}
