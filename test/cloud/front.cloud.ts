import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { heartbeats } from '#core/contracts/nba_orchestration.ts';
import { publications } from '#core/contracts/nba_predictions.ts';
import { appliedNotes, rememberApplied } from '#guard/schema/applied.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { ingest } from '#pipeline/ingest/ingest.ts';
import { systemClock } from '#platform/clock.ts';
import { openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import type { Account } from '#scripts/provision/installation.ts';
import { type StrictFront, strictFront } from '#test/fakes/front/front.ts';
import type { Limits } from '#test/fakes/front/limits.ts';
import { offered } from './offered.ts';

const [firestore, pubsub, bigquery] = [offered('firestore'), offered('pubsub'), offered('bigquery')];

/** Tables that the statements below name; making all of them takes the emulator a while. */
const SOME = CONTRACTS.filter(({ name }) =>
  [
    'ml_feature_store',
    'heartbeats',
    'publications',
    'withdrawals',
    'player_prop_predictions',
    'phase_runs',
    'players',
    'schedule',
    'roster_players',
    'ingested_files',
    'rejected_rows',
  ].includes(name),
);
const BEAT = {
  job: 'day',
  beat_at: '2024-11-30T17:00:00Z',
  succeeded_at: null,
  max_silence_seconds: 60,
  detail: null,
};

describe.skipIf([firestore, pubsub, bigquery].includes(undefined))(
  'a project as strict as the real one',
  () => {
    const open: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const one of open.splice(0).reverse()) await one.close();
    });
    const project = async (limits: Partial<Limits> = {}): Promise<StrictFront> => {
      const behind = { bigquery: bigquery ?? '', firestore: firestore ?? '', pubsub: pubsub ?? '' };
      const front = await strictFront(behind, { project: `tipoff-${randomUUID().slice(0, 8)}`, limits });
      open.push(front);
      return front;
    };
    const appOf = async (
      front: StrictFront,
      account: Account,
      change: Record<string, string> = {},
    ): Promise<App> => {
      const config = readConfig({ ...(await front.as(account)), ...change });
      const app = await openApp(config, { command: 'test', clock: systemClock, write: () => undefined });
      open.push(app);
      return app;
    };
    const prepared = async (limits: Partial<Limits> = {}): Promise<StrictFront> => {
      const front = await project(limits);
      const { warehouse } = await appOf(front, 'writer');
      await warehouse.prepare(SOME);
      for (const { ref, sql } of VIEWS.filter(({ ref }) => ref.name === 'current_predictions'))
        await warehouse.createView(ref, sql);
      return front;
    };

    it('refuses statements that the analyser of BigQuery refuses, with its words', async () => {
      const front = await prepared();
      const { warehouse } = await appOf(front, 'recorder');
      const refused: [string, RegExp][] = [
        [
          'SELECT p.player_id FROM nba_reference.players p LEFT JOIN nba_reference.schedule s ON s.home_team = p.team_abbr AND NOT EXISTS (SELECT 1 FROM nba_reference.players o WHERE o.player_id = p.player_id)',
          /Unsupported subquery with table in join predicate/,
        ],
        [
          'SELECT p.player_id FROM nba_reference.players p LEFT JOIN nba_reference.schedule s ON s.home_team = p.team_abbr OR ENDS_WITH(s.home_team, p.team_abbr)',
          /LEFT OUTER JOIN cannot be used without a condition that is an equality/,
        ],
        [
          'SELECT COUNT(*) AS n FROM nba_predictions.ml_feature_store',
          /without a filter over column\(s\) 'slate'/,
        ],
        [
          'SELECT p.player_id FROM nba_reference.players p WHERE NOT EXISTS (SELECT 1 FROM nba_reference.schedule s WHERE s.slate > p.last_slate)',
          /Correlated subqueries .* not supported/,
        ],
        [
          "MERGE INTO nba_orchestration.heartbeats t USING nba_reference.schedule s ON s.home_abbr > t.job WHEN NOT MATCHED THEN INSERT (job) VALUES ('x')",
          /OUTER JOIN cannot be used without a condition that is an equality/,
        ],
        ['DELETE FROM nba_orchestration.heartbeats', /must have a WHERE clause/],
        [
          'BEGIN TRANSACTION; CREATE TABLE nba_orchestration.mine (a INT64); COMMIT TRANSACTION',
          /DDL statement is not supported in a transaction/,
        ],
      ];
      // A window that mixes slates: the bound of a reader does not get through to the table.
      const mixed =
        'SELECT p.slate, p.player_id FROM nba_predictions.ml_feature_store p QUALIFY RANK() OVER (PARTITION BY p.player_id ORDER BY p.slate DESC) = 1';
      const writer = await appOf(front, 'writer');
      await writer.warehouse.createView({ dataset: 'nba_predictions', name: 'newest' }, mixed);
      refused.push([
        "SELECT COUNT(*) AS n FROM nba_predictions.newest WHERE slate = CAST('2024-11-30' AS DATE)",
        /slate behind a window of nba_predictions.newest/,
      ]);
      for (const [sql, words] of refused)
        await expect(warehouse.query(sql)).rejects.toMatchObject({
          code: 'TIPOFF_SQL',
          transient: false,
          message: expect.stringMatching(words),
        });
      const [row] = await warehouse.query<{ n: number }>(
        "SELECT COUNT(*) AS n FROM nba_predictions.current_predictions WHERE slate = CAST('2024-11-30' AS DATE)",
      );
      expect(row?.n).toBe(0);
    });

    it('gives each account its roles and nothing else, and the refusal names the role', async () => {
      const front = await prepared();
      const reader = await appOf(front, 'reader');
      await expect(reader.warehouse.append(publications, [])).resolves.toBe(0);
      await expect(
        reader.warehouse.execute(
          "DELETE FROM nba_predictions.publications WHERE slate = CAST('2024-11-30' AS DATE)",
        ),
      ).rejects.toMatchObject({ hint: expect.stringContaining('roles/bigquery.dataEditor') });
      await expect(
        reader.warehouse.createView({ dataset: 'nba_predictions', name: 'mine' }, 'SELECT 1 AS one'),
      ).rejects.toMatchObject({ hint: expect.stringContaining('roles/bigquery.dataEditor') });
      const recorder = await appOf(front, 'recorder');
      await expect(recorder.queue.publish('predict-units', [{ a: 1 }])).rejects.toMatchObject({
        code: 'TIPOFF_PROVIDER',
        hint: expect.stringContaining('roles/pubsub.publisher'),
      });
      await expect(
        reader.exports.put('a.json', Buffer.from('{}'), { contentType: 'application/json' }),
      ).rejects.toMatchObject({
        hint: expect.stringContaining('roles/storage.objectUser'),
      });
      await expect(
        reader.state.transaction(async (tx) => tx.put('notes', 'a', { a: 1 })),
      ).rejects.toMatchObject({
        code: 'TIPOFF_PROVIDER',
        hint: expect.stringContaining('roles/datastore.user'),
      });
      const push = await appOf(front, 'reader', await front.as('push')).catch((error: unknown) => error);
      expect(push).toMatchObject({ hint: expect.stringContaining('roles/datastore.user') });

      front.made.cli.state.policies[`projects ${front.made.project}`] = [];
      await expect(reader.warehouse.query('SELECT 1 AS one')).rejects.toMatchObject({
        hint: expect.stringContaining('roles/bigquery.jobUser'),
      });
    });

    it('has what provisioning made: other topics, projects and locations are told apart', async () => {
      const front = await prepared();
      const pipeline = await appOf(front, 'pipeline');
      expect(await pipeline.queue.publish('predict-units', [{ a: 1 }])).toHaveLength(1);
      front.made.cli.state.policies['pubsub topics tipoff-nowhere'] =
        front.made.cli.state.policies['pubsub topics tipoff-predict-units'] ?? [];
      await expect(pipeline.queue.publish('nowhere', [{ a: 1 }])).rejects.toMatchObject({
        hint: expect.stringContaining('npm run provision'),
      });
      const elsewhere = await appOf(front, 'pipeline', { TIPOFF_GCP_LOCATION: 'EU' });
      await expect(
        elsewhere.warehouse.query('SELECT COUNT(*) AS n FROM nba_reference.players'),
      ).rejects.toMatchObject({
        hint: expect.stringContaining('TIPOFF_GCP_LOCATION'),
      });
      const other = openBigQuery({
        ...{ projectId: 'another', location: front.made.location, retries: 3 },
        endpoint: (await front.as('pipeline'))['TIPOFF_GCP_BIGQUERY_URL'] ?? '',
      });
      open.push(other);
      await expect(other.query('SELECT 1 AS one')).rejects.toMatchObject({
        transient: false,
        hint: expect.stringContaining('TIPOFF_GCP_PROJECT'),
      });
    });

    it('takes in files as the account of the jobs, and the second time nothing', async () => {
      const front = await prepared();
      const { warehouse, clock } = await appOf(front, 'pipeline');
      const list = {
        resource: 'commonallplayers',
        parameters: { Season: '2024-25' },
        resultSets: [
          {
            name: 'CommonAllPlayers',
            headers: ['PERSON_ID', 'DISPLAY_FIRST_LAST', 'ROSTERSTATUS', 'FROM_YEAR', 'TO_YEAR', 'TEAM_ID'],
            rowSet: [
              [7001, 'Ann Archer', 1, '2020', '2024', 1610612738],
              [7002, '', 1, '2020', '2024', 1610612738],
            ],
          },
        ],
      };
      const bytes = Buffer.from(JSON.stringify(list));
      const files = [{ path: 'players.json', read: async () => bytes }];
      for (const loaded of [1, 0])
        expect(await ingest({ warehouse, clock, files, formats: FORMATS })).toMatchObject({
          ...{ read: 2, loaded, rejected: 1 },
        });
      const refused = front.asked.filter(
        ({ refused: why }) => why !== undefined && !why.startsWith('Not found'),
      );
      expect(refused).toEqual([]);
    });

    it('counts quotas, and one that is used up is not tried again', async () => {
      const front = await prepared({ loadJobsPerTable: 2, statementCharacters: 5000 });
      const { warehouse } = await appOf(front, 'pipeline');
      for (const job of ['a', 'b']) await warehouse.append(heartbeats, [{ ...BEAT, job }]);
      const before = front.asked.length;
      await expect(warehouse.append(heartbeats, [BEAT])).rejects.toMatchObject({
        transient: false,
        hint: expect.stringContaining('quota'),
      });
      expect(front.asked.length).toBe(before + 1);
      await expect(warehouse.query(`SELECT ${'1 + '.repeat(2000)}1 AS n`)).rejects.toThrow(/too large/);
    });

    it('loads no rows of another type or mode than the table has', async () => {
      const { warehouse } = await appOf(await prepared(), 'pipeline');
      const { max_silence_seconds: silence, detail, ...rest } = heartbeats.columns;
      const changed: [string, typeof heartbeats.columns, RegExp][] = [
        [
          'a type',
          { ...rest, detail, max_silence_seconds: { ...silence, type: 'FLOAT64' as never } },
          /max_silence_seconds has changed type/,
        ],
        [
          'a mode',
          { ...rest, max_silence_seconds: silence, detail: { ...detail, required: true as never } },
          /detail has changed mode from NULLABLE to REQUIRED/,
        ],
      ];
      for (const [what, columns, words] of changed)
        await expect(
          warehouse.append({ ...heartbeats, columns }, [{ ...BEAT, detail: 'fine' }]),
          what,
        ).rejects.toThrow(words);
    });

    it('refuses rows of a contract that was not applied, and says at the start that definitions differ', async () => {
      const front = await prepared();
      const app = await appOf(front, 'pipeline');
      const grown = {
        ...heartbeats,
        columns: { ...heartbeats.columns, mood: { type: 'STRING', required: false, description: 'new' } },
      } as const;
      await expect(app.warehouse.append(grown, [{ ...BEAT, mood: 'fine' }])).rejects.toThrow(
        /Cannot add fields \(field: mood\)/,
      );
      expect(app.notes.join()).toContain('No tables have been created here yet');
      const writer = await appOf(front, 'writer');
      await rememberApplied(writer.state, '2024-11-30T17:00:00Z', '1.0');
      expect(await appliedNotes(app.state)).toEqual([]);
      expect((await appliedNotes(app.state, { 'nba_raw.player_lines': 'another' })).join()).toContain(
        'This code defines nba_raw.player_lines differently from version 1.0',
      );
      await writer.warehouse.addColumn(heartbeats, 'mood', grown.columns.mood);
      // Code from before the change and code from after it both write.
      await app.warehouse.append(heartbeats, [BEAT]);
      await app.warehouse.append(grown, [{ ...BEAT, mood: 'fine' }]);
      const moods = await app.warehouse.query<{ mood: string | null }>(
        'SELECT mood FROM nba_orchestration.heartbeats ORDER BY mood',
      );
      expect(moods).toEqual([{ mood: null }, { mood: 'fine' }]);
    });
  },
);
