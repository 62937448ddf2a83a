import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { timesADay } from '#core/clock.ts';
import { type BillLine, monthOf, PRICES, priced, USAGE } from '#scripts/cost/bill.ts';
import { JOBS } from '#scripts/provision/services.ts';

/** What a month of the season may cost on demand, beyond what is free and at list price. */
const MAX_ON_DEMAND = { beyondFree: 12, list: 30 };

describe('the bill of a month', () => {
  it('stays within its bounds on demand, and says what always on is worth', () => {
    const onDemand = priced(monthOf(USAGE, false));
    const alwaysOn = priced(monthOf(USAGE, true));
    expect(onDemand.beyondFree).toBeLessThanOrEqual(MAX_ON_DEMAND.beyondFree);
    expect(onDemand.list).toBeLessThanOrEqual(MAX_ON_DEMAND.list);
    // One vCPU and 2 GiB for 30 days, less what a coordinator on demand takes for its answers.
    expect(alwaysOn.list - onDemand.list).toBeGreaterThan(56);
  });

  it('rests on what docs/cost.md has measured', () => {
    const page = readFileSync(new URL('../../../docs/cost.md', import.meta.url), 'utf8');
    const gibibytes = (work: string): number => {
      const [, amount, unit] =
        new RegExp(`^\\| ${work} \\|.*?\\|.*?\\| ([\\d.]+) ([GM])iB \\|`, 'm').exec(page) ?? [];
      return Number(amount) / (unit === 'M' ? 1024 : 1);
    };
    expect(gibibytes('a run of the day')).toBeCloseTo(USAGE.dayGiB, 3);
    expect(gibibytes('a run of the canaries')).toBeCloseTo(USAGE.canariesGiB, 3);
  });

  it('counts every start that the scheduler makes', () => {
    expect(Object.values(JOBS).map(({ schedule }) => timesADay(schedule))).toEqual([4, 4, 52, 156, 48]);
    const canaries = monthOf(USAGE, false).find(({ what }) => what === 'canaries');
    expect(canaries?.amount).toBeCloseTo((30 * (48 + 2) * USAGE.canariesGiB) / 1024);
  });

  it('has a line for every service that provisioning makes and for GitHub', () => {
    const services = new Set(monthOf(USAGE, false).map(({ service }) => service));
    for (const service of [
      'BigQuery',
      'Cloud Run',
      'Firestore',
      'Pub/Sub',
      'Cloud Storage',
      'Artifact Registry',
    ])
      expect(services).toContain(service);
    for (const service of ['Scheduler', 'Secret Manager', 'Logging', 'GitHub'])
      expect(services).toContain(service);
  });

  it('takes what is free off once, however many lines share it', () => {
    const half: BillLine = {
      service: 'GitHub',
      what: 'x',
      unit: 'githubMinutes',
      amount: PRICES.githubMinutes.free,
    };
    expect(priced([half]).beyondFree).toBe(0);
    expect(priced([half, half]).beyondFree).toBeCloseTo(PRICES.githubMinutes.free * PRICES.githubMinutes.usd);
  });
});
