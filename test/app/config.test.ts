import { describe, expect, it } from 'vitest';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { startServing } from '#app/services/serve.ts';
import { virtualClock } from '#platform/clock.ts';

const GCP = {
  TIPOFF_PROFILE: 'gcp',
  TIPOFF_GCP_PROJECT: 'hoops-prod',
  TIPOFF_GCP_BUCKET: 'hoops-prod-tipoff',
};

describe('the profile', () => {
  it('is a folder unless a project is named', () => {
    expect(readConfig({})).toMatchObject({ profile: 'embedded', home: '.tipoff' });
  });

  it('gcp names its project and bucket, and has a value for everything else', () => {
    expect(readConfig(GCP)).toMatchObject({
      profile: 'gcp',
      gcp: {
        project: 'hoops-prod',
        bucket: 'hoops-prod-tipoff',
        location: 'US',
        firestoreDatabase: '(default)',
        topicPrefix: 'tipoff-',
        queryBytes: 20_000_000_000,
        queryRetries: 5,
        emulators: {},
      },
    });
  });

  it('gcp takes every emulator by itself', () => {
    const config = readConfig({
      ...GCP,
      TIPOFF_GCP_FIRESTORE_EMULATOR: '127.0.0.1:8081',
      TIPOFF_GCP_BIGQUERY_URL: 'http://127.0.0.1:9050',
    });
    expect(config.profile === 'gcp' && config.gcp.emulators).toEqual({
      firestore: '127.0.0.1:8081',
      bigquery: 'http://127.0.0.1:9050',
    });
  });

  it.each([
    [{ TIPOFF_PROFILE: 'gcp' }, 'expected TIPOFF_GCP_PROJECT and TIPOFF_GCP_BUCKET with TIPOFF_PROFILE=gcp'],
    [{ ...GCP, TIPOFF_GCP_BUCKET: '' }, 'expected TIPOFF_GCP_BUCKET with TIPOFF_PROFILE=gcp'],
    [{ ...GCP, TIPOFF_GCP_PROJECT: 'Hoops Prod' }, 'expected a project id'],
    [{ ...GCP, TIPOFF_GCP_QUERY_BYTES: '1' }, 'TIPOFF_GCP_QUERY_BYTES'],
    [{ ...GCP, TIPOFF_GCP_PUBSUB_EMULATOR: 'http://127.0.0.1:8085' }, 'expected host:port'],
    [{ TIPOFF_PROFILE: 'aws' }, 'TIPOFF_PROFILE: expected one of "embedded"|"gcp", saw "aws"'],
    [{ PORT: 'abc', TIPOFF_PROFILE: 'aws' }, 'PORT: expected number, saw "abc"'],
  ])('refuses %j', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(message);
  });

  it('gcp serves nobody without a key that callers can know', async () => {
    const clock = virtualClock('2025-01-10T15:00:00Z');
    const app = await openApp(readConfig(GCP), {
      command: 'serve',
      clock,
      prepare: false,
      write: () => undefined,
    });
    const options = {
      roles: ['worker'],
      workers: 0,
      hostname: '127.0.0.1',
      port: 0,
      log: () => undefined,
    } as const;
    await expect(startServing(app, options)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    await app.close();
  });
});

describe('a setting that is written wrongly', () => {
  it('is named with the one that is meant, where no other can be', () => {
    const read = (name: string) => readConfig({ [name]: '3' }).misspeltSettings;
    expect(read('TIPOFF_MAX_PICK')).toEqual([
      'TIPOFF_MAX_PICK is not a setting and is not read; TIPOFF_MAX_PICKS is one',
    ]);
    expect(read('TIPOFF_MAX_PICKS')).toEqual([]);
    // Variables of workflows, and whatever else somebody calls so.
    for (const name of ['TIPOFF_NOTIFY', 'TIPOFF_PAGES', 'TIPOFF_AT', 'TIPOFF_WORKER_URL', 'MAX_PICK'])
      expect(read(name)).toEqual([]);
  });

  it('names a market that The Odds API is not asked for', () => {
    expect(readConfig({ TIPOFF_ODDS_MARKETS: 'player_points,player_threes' }).oddsMarkets).toHaveLength(2);
    expect(() => readConfig({ TIPOFF_ODDS_MARKETS: 'player_points,player_pts' })).toThrow(
      /TIPOFF_ODDS_MARKETS: expected markets of The Odds API: player_points, .*, saw "player_points,player_pts"/,
    );
  });
});
