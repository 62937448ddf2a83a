import { describe, expect, it } from 'vitest';
import { type BillLine, monthOf, PRICES, priced, USAGE } from '#scripts/cost/bill.ts';

/** What a month of the season may cost on demand, beyond what is free and at list price. */
const MAX_ON_DEMAND = { beyondFree: 25, list: 40 };

describe('the bill of a month', () => {
  it('stays within its bounds on demand, and says what always on is worth', () => {
    const onDemand = priced(monthOf(USAGE, false));
    const alwaysOn = priced(monthOf(USAGE, true));
    expect(onDemand.beyondFree).toBeLessThanOrEqual(MAX_ON_DEMAND.beyondFree);
    expect(onDemand.list).toBeLessThanOrEqual(MAX_ON_DEMAND.list);
    // One vCPU and 2 GiB for 30 days.
    expect(alwaysOn.list - onDemand.list).toBeGreaterThan(57);
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
