import { join } from 'node:path';
import { slateOf } from '#core/calendar.ts';
import { slateLookedAt } from '#guard/canaries/ask.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { boundedLook, paramsOf } from '#guard/canaries/statements.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';

/** Rows that the statement of one check reads from its tables. */
export interface Scan {
  readonly check: string;
  /** Rows the engine scans: whole row groups of 122,880 rows that contain a requested day. */
  readonly looked_at: number;
  /** Rows that pass the partition bounds: what BigQuery would bill. */
  readonly taken: number;
}

interface PlanNode {
  readonly operator_name?: string;
  readonly operator_rows_scanned?: number;
  readonly operator_cardinality?: number;
  readonly children?: readonly PlanNode[];
}

/** Runs the statement of every check over a home under the engine's own profiler. */
export async function scansOf(home: string, asOf: Date): Promise<Scan[]> {
  // EXPLAIN is not in the portable subset, so nothing is linted here.
  const warehouse = await openDuckDb(join(home, 'warehouse.duckdb'));
  try {
    const scans: Scan[] = [];
    for (const { id, look, looksAt } of CATALOGUE) {
      if (!('sql' in look)) continue;
      const params = paramsOf(look.sql, look.days ?? 7, {
        slate: slateLookedAt({ looksAt }, slateOf(asOf)),
        asOf,
      });
      const [plan] = await warehouse.query<Record<string, string>>(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${boundedLook(look.sql)}`,
        params,
      );
      const tree: PlanNode = JSON.parse(plan?.['explain_value'] ?? '{}');
      const found = tableScans(tree);
      scans.push({
        check: id,
        looked_at: sum(found, 'operator_rows_scanned'),
        taken: sum(found, 'operator_cardinality'),
      });
    }
    return scans;
  } finally {
    await warehouse.close();
  }
}

function tableScans(node: PlanNode): PlanNode[] {
  const below = (node.children ?? []).flatMap(tableScans);
  return node.operator_name?.includes('SCAN') === true && (node.operator_rows_scanned ?? 0) > 0
    ? [node, ...below]
    : below;
}

function sum(nodes: readonly PlanNode[], member: 'operator_rows_scanned' | 'operator_cardinality'): number {
  return nodes.reduce((total, node) => total + (node[member] ?? 0), 0);
}
