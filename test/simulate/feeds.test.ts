import { describe, expect, it } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { BOOKMAKERS } from '#simulate/matchday.ts';
import { tinyLeague } from '#test/fakes/tiny-league.ts';
import { groupBy, timeViolations, tipoffTimes } from './league-checks.ts';

const { tables } = tinyLeague();
const tipoffs = tipoffTimes(tables);
const played = new Map(tables.playerBoxScores.map((row) => [`${row.slate} ${row.player_lookup}`, row]));

describe('what is known before tip-off', () => {
  it('was said before tip-off, and loaded after it was said', () => {
    expect(timeViolations(tables)).toEqual([]);
  });

  it('would be caught when a quote is taken in play', () => {
    const [quote, ...rest] = tables.playerLines;
    if (quote === undefined) throw new Error('expected quotes');
    const inPlay = { ...quote, snapshot_at: tipoffs.get(`${quote.slate} ${quote.home_abbr}`) ?? null };
    expect(timeViolations({ ...tables, playerLines: [inPlay, ...rest] }).join('\n')).toContain(
      `at ${inPlay.snapshot_at}, tip-off`,
    );
  });
});

describe('the status feed', () => {
  const histories = [...groupBy(tables.injuryReports, (row) => `${row.slate} ${row.player_lookup}`)].map(
    ([key, rows]) => {
      return {
        box: played.get(key),
        statuses: rows.map((row) => row.status),
        times: rows.map((row) => row.report_at),
      };
    },
  );
  const finished = histories.filter(({ box }) => box !== undefined);
  const plays = (status: string): number => {
    const last = finished.filter(({ statuses }) => statuses[statuses.length - 1] === status);
    return last.filter(({ box }) => box?.played === true).length / last.length;
  };

  it('speaks several times a day, and half an hour before tip-off', () => {
    expect(histories.every(({ times }) => [...times].sort().join() === times.join())).toBe(true);
    const teams = [...groupBy(tables.injuryReports, (row) => `${row.slate} ${row.team_abbr}`)];
    expect(teams.length).toBeGreaterThan(50);
    const last = ([key, rows]: (typeof teams)[number]): boolean => {
      const tipoff = Date.parse(tipoffs.get(key) ?? '');
      return rows.some(({ report_at }) => tipoff - Date.parse(report_at) === 30 * 60_000);
    };
    expect(teams.filter((team) => !last(team)).map(([key]) => key)).toEqual([]);
  });

  it('says again in every report what it said before, until tip-off', () => {
    const reports = [...new Set(tables.availabilityReports.map(({ report_at }) => report_at))].sort();
    expect(reports).toHaveLength(tables.availabilityReports.length);
    const forgotten = [
      ...groupBy(tables.injuryReports, (row) => `${row.slate} ${row.team_abbr} ${row.player_lookup}`),
    ]
      .map(([key, rows]) => {
        const [first] = rows;
        const tipoff = tipoffs.get(`${first?.slate} ${first?.team_abbr}`) ?? '';
        const due = reports.filter(
          (at) => at >= (first?.report_at ?? '') && at < tipoff && at >= `${first?.slate}T12:00`,
        );
        const named = new Set(rows.map(({ report_at }) => report_at));
        return { key, missing: due.filter((at) => !named.has(at)) };
      })
      .filter(({ missing }) => missing.length > 0);
    expect(forgotten).toEqual([]);
  });

  it('does not have the list of a team before noon when it played the evening before', () => {
    expect(tables.teamStatements.length).toBeGreaterThan(0);
    const games = new Set(tables.teamBoxScores.map((row) => `${row.slate} ${row.team_abbr}`));
    for (const { slate, team_abbr, report_at, statement } of tables.teamStatements) {
      expect(statement).toBe('not_yet_submitted');
      expect(games.has(`${addDays(parseSlate(slate), -1)} ${team_abbr}`), `${slate} ${team_abbr}`).toBe(true);
      const named = tables.injuryReports.filter((row) => row.slate === slate && row.team_abbr === team_abbr);
      expect(named.every((row) => row.report_at > report_at)).toBe(true);
    }
  });

  it('is right about who is out, and mostly right about who is available', () => {
    expect(plays('out')).toBe(0);
    expect(plays('available')).toBeGreaterThan(0.85);
  });

  it('changes its mind in the course of the day', () => {
    expect(
      finished.filter(({ statuses }) => new Set(statuses).size > 1).length / finished.length,
    ).toBeGreaterThan(0.1);
  });

  it('misses late scratches until the last report', () => {
    const scratches = finished.filter(
      ({ statuses, times, box }) =>
        new Set(statuses).size === 1 &&
        statuses[0] === 'out' &&
        Date.parse(times[0] ?? '') ===
          Date.parse(tipoffs.get(`${box?.slate} ${box?.team_abbr}`) ?? '') - 30 * 60_000 &&
        box?.dnp_reason?.includes('Illness') === true,
    );
    expect(scratches.length).toBeGreaterThan(0);
  });

  it('names everybody who stays away', () => {
    const named = new Set(tables.injuryReports.map((row) => `${row.slate} ${row.player_lookup}`));
    const away = [...played].filter(([, row]) => !row.played && row.dnp_reason !== "DNP - Coach's Decision");
    expect(away.filter(([key]) => !named.has(key))).toEqual([]);
  });
});

describe('the market', () => {
  const series = groupBy(
    tables.playerLines,
    (row) => `${row.slate} ${row.player_lookup} ${row.market} ${row.bookmaker}`,
  );

  it('has three bookmakers and three markets', () => {
    expect(new Set(tables.playerLines.map((row) => row.bookmaker))).toEqual(
      new Set(BOOKMAKERS.map(({ key }) => key)),
    );
    expect(new Set(tables.playerLines.map((row) => row.market))).toEqual(
      new Set(['points', 'rebounds', 'assists']),
    );
    expect(new Set(tables.gameLines.map((row) => row.bookmaker)).size).toBe(3);
  });

  it('moves its lines between opening and close', () => {
    const points = [...series.values()].filter((quotes) => quotes[0]?.market === 'points');
    const moved = points.filter((quotes) => new Set(quotes.map((row) => row.line)).size > 1);
    expect(moved.length / points.length).toBeGreaterThan(0.3);
    expect(
      [...series.values()].every((quotes) =>
        quotes.every((row, i) => i === 0 || (quotes[i - 1]?.snapshot_at ?? '') < (row.snapshot_at ?? '')),
      ),
    ).toBe(true);
  });

  it('quotes nobody whom the newest report has as out', () => {
    const reports = groupBy(tables.injuryReports, (row) => `${row.slate} ${row.player_lookup}`);
    const wrong = tables.playerLines.filter((quote) => {
      const said = (reports.get(`${quote.slate} ${quote.player_lookup}`) ?? []).filter(
        (row) => row.report_at <= (quote.snapshot_at ?? ''),
      );
      return said[said.length - 1]?.status === 'out';
    });
    expect(wrong).toEqual([]);
  });

  it('quotes some players who then do not play', () => {
    const voids = [...series.values()].filter(
      ([row]) => played.get(`${row?.slate} ${row?.player_lookup}`)?.played === false,
    );
    expect(voids.length).toBeGreaterThan(0);
  });

  it('spells names without diacritics at one bookmaker, under the same lookup', () => {
    const spellings = groupBy(tables.playerLines, (row) => row.player_lookup);
    expect(
      [...spellings.values()].some((rows) => new Set(rows.map((row) => row.player_name)).size === 2),
    ).toBe(true);
  });
});
