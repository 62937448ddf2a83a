import { easternTime, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import type { Clock } from '#platform/clock.ts';
import { bytesOf, type Http, type HttpAnswer } from './http.ts';

export interface InjuryReportOptions {
  readonly http: Http;
  readonly clock: Clock;
  /** Replaces the host, for tests and mirrors. */
  readonly baseUrl?: string;
}

/** The league's injury reports. */
export interface InjuryReportProvider {
  /**
   * Hands the newest report to `take`, then those before it that came out after an instant, newest first and at most
   * `MAX_MISSED` of them, until `take` says stop. Names without a report are passed over.
   *
   * The newest is rejected with TIPOFF_NOT_FOUND when there was none in the last hours, which is normal in summer and at the
   * all-star break; TIPOFF_PROVIDER when the league refuses this machine; TIPOFF_PROVIDER_DOWN.
   */
  since(instant: Date | undefined, take: (report: Promise<InputFile>) => Promise<boolean>): Promise<void>;
}

const LEAGUE = 'https://ak-static.cms.nba.com';
const PROVIDER = 'NBA.com injury report';
const HEADERS = {
  accept: 'application/pdf',
  referer: 'https://official.nba.com/',
  'user-agent': 'Mozilla/5.0 (compatible; tipoff)',
};

const QUARTER_MS = 15 * 60_000;
/** From this instant on there is a report every quarter of an hour, with the minutes in its name; before, one an hour. */
const QUARTERLY_SINCE = Date.parse('2025-12-22T05:00:00Z');
/** A report known to exist, to distinguish "does not exist" from "access refused": the league answers 403 to both. */
const KNOWN_LABEL = '2026-02-08_06_15PM';
/** How far back to look for a report. One older than three hours says nothing about tonight. */
const HOURS_BACK = 3;
/** How many missed reports are fetched at once: ten hours' worth. */
const MAX_MISSED = 40;
const TIMEOUT_MS = 10_000;
const ATTEMPTS = 2;

/** The injury reports of the league, newest first. The file is read by the format that reads recorded ones. */
export function nbaInjuryReport({
  http,
  clock,
  baseUrl = LEAGUE,
}: InjuryReportOptions): InjuryReportProvider {
  const addressOf = (label: string): string => `${baseUrl}/referee/injury/Injury-Report_${label}.pdf`;
  const get = (label: string): Promise<HttpAnswer> =>
    http.get(addressOf(label), {
      headers: HEADERS,
      timeoutMs: TIMEOUT_MS,
      attempts: ATTEMPTS,
    });
  const fileOf = (label: string, answer: HttpAnswer): InputFile => ({
    path: addressOf(label),
    bytes: bytesOf(PROVIDER, addressOf(label), answer),
  });
  const findNewest = async (): Promise<{ file: InputFile; label: string }> => {
    const labels = labelsBefore(clock.now());
    let isProbed = false;
    for (const label of labels) {
      const answer = await get(label);
      if (!isAbsent(answer)) return { file: fileOf(label, answer), label };
      if (isProbed) continue;
      // The newest report may not be out yet; before going further back, make sure that the league answers this machine at all.
      const probe = await get(KNOWN_LABEL);
      if (probe.status !== 200 && probe.status !== 304) throw refusal(addressOf(KNOWN_LABEL), probe.status);
      isProbed = true;
    }
    throw new TipoffError(
      'TIPOFF_NOT_FOUND',
      `${PROVIDER}: expected a report of the last ${HOURS_BACK} hours, saw none under ${labels.length} names`,
      {
        hint: 'Normal in summer and at the all-star break. On a game day the league may have changed the names of its reports.',
        details: { first: addressOf(labels[0] ?? ''), last: addressOf(labels.at(-1) ?? '') },
      },
    );
  };
  return {
    since: async (instant, take) => {
      const newest = findNewest();
      if (!(await take(newest.then(({ file }) => file))) || instant === undefined) return;
      // If the newest report is already known, so are the earlier ones.
      const label = await newest.then(
        (found) => found.label,
        () => undefined,
      );
      if (label === undefined) return;
      const now = clock.now();
      const labels = labelsBefore(now, (now.getTime() - instant.getTime()) / 3_600_000);
      const missed = labels.slice(labels.indexOf(label) + 1).filter((one) => one !== labelOf(instant));
      for (const older of missed.slice(0, MAX_MISSED)) {
        const answer = get(older);
        if (await answer.then(isAbsent, () => false)) continue;
        if (!(await take(answer.then((got) => fileOf(older, got))))) return;
      }
    },
  };
}

/** The league answers 403 to a name without a report. */
function isAbsent({ status }: HttpAnswer): boolean {
  return status === 403 || status === 404;
}

/** Labels of the reports that may have been published in the hours before an instant, newest first, each once. */
export function labelsBefore(now: Date, hours: number = HOURS_BACK): string[] {
  const newest = Math.floor(now.getTime() / QUARTER_MS) * QUARTER_MS;
  const labels = new Set<string>();
  for (let at = newest; at > newest - hours * 3_600_000; at -= QUARTER_MS) labels.add(labelOf(new Date(at)));
  return [...labels];
}

function labelOf(instant: Date): string {
  const [hour = '', minute = ''] = easternTime(instant).split(':');
  const hour12 = String(Number(hour) % 12 || 12).padStart(2, '0');
  const half = Number(hour) < 12 ? 'AM' : 'PM';
  const minutes = instant.getTime() >= QUARTERLY_SINCE ? `_${minute}` : '';
  return `${slateOf(instant)}_${hour12}${minutes}${half}`;
}

function refusal(address: string, status: number): TipoffError {
  return new TipoffError(
    'TIPOFF_PROVIDER',
    `${PROVIDER}: expected a report that is known to be there from ${address}, saw status ${status}: the league refuses this machine, or throttles it`,
    {
      hint: 'Wait two minutes and ask again. If it lasts, ask from another address: many addresses of cloud providers are refused.',
      details: { address, status: 403 },
    },
  );
}
