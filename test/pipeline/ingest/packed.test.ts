import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ingestedFiles, injuryReports, rejectedRows } from '#core/contracts/nba_raw.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { ingest } from '#pipeline/ingest/ingest.ts';
import { virtualClock } from '#platform/clock.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const SPANS = [
  'game_date,game_time_et,matchup,team,player,status,reason,first_report_utc,last_report_utc,n_reports',
  '2025-01-10,07:30,UTA@BOS,Utah Jazz,"Obrand, Toven",Out,Rest,2025-01-10T17:30Z,2025-01-10T22:30Z,6',
].join('\n');

async function ingested(path: string, bytes: Uint8Array) {
  const warehouse = await openWarehouse({ tables: 'none' });
  await warehouse.prepare([injuryReports, ingestedFiles, rejectedRows]);
  const files = [{ path, read: async () => bytes }];
  const report = await ingest({
    warehouse,
    clock: virtualClock('2025-02-01T12:00:00Z'),
    files,
    formats: FORMATS,
  });
  await warehouse.close();
  return report;
}

describe('a file packed by gzip', () => {
  it('is recognised and read by what is in it, under its own path', async () => {
    const { files } = await ingested('history/spans.csv.gz', gzipSync(SPANS));
    expect(files).toEqual([
      expect.objectContaining({
        outcome: 'loaded',
        path: 'history/spans.csv.gz',
        format: 'injury_report_spans_csv',
        read: 1,
        loaded: 1,
      }),
    ]);
  });

  it('fails in words when it is cut', async () => {
    const { files } = await ingested('history/spans.csv.gz', gzipSync(SPANS).subarray(0, 60));
    expect(files).toEqual([
      expect.objectContaining({
        outcome: 'failed',
        code: 'TIPOFF_BAD_INPUT',
        message: expect.stringContaining('does not unpack'),
      }),
    ]);
  });
});
