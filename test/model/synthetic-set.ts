import { FEATURE_NAMES } from '#core/features.ts';
import { seededRandom } from '#core/random.ts';
import type { TrainingSet } from '#model/dataset.ts';

export interface SyntheticOptions {
  readonly from: string;
  readonly slates: number;
  readonly rowsPerSlate: number;
  readonly seed?: number;
  /** Share of rows with a line. */
  readonly lined?: number;
}

/** A standard normal number from two uniform ones (Box-Muller). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * Invented players in a made-up league: points scatter around a level that the features reveal, with a spread wider than
 * Poisson's. Some features are missing here and there; availability is missing throughout, as without a status feed.
 */
export function syntheticSet(options: SyntheticOptions): TrainingSet {
  const random = seededRandom(options.seed ?? 7);
  const rows = options.slates * options.rowsPerSlate;
  const columns = new Map(FEATURE_NAMES.map((name) => [name, new Float64Array(rows).fill(Number.NaN)]));
  const target = new Float64Array(rows);
  const minutes = new Float64Array(rows);
  const line = new Float64Array(rows).fill(Number.NaN);
  const slates: string[] = [];
  for (let row = 0; row < rows; row++) {
    const slate = Math.floor(row / options.rowsPerSlate);
    slates.push(
      new Date(Date.parse(`${options.from}T00:00:00Z`) + slate * 86_400_000).toISOString().slice(0, 10),
    );
    const level = 3 + 25 * random() ** 2;
    const expectedMinutes = 10 + level;
    for (const [name, column] of columns)
      column[row] = baseValue(name, level, expectedMinutes) + noise(name) * normal(random);
    set(columns, 'status_feed', row, 0);
    const home = random() < 0.5 ? 1 : 0;
    set(columns, 'is_home', row, home);
    set(columns, 'games_career', row, Math.floor(120 * random()));
    set(columns, 'games_season', row, Math.min(60, slate));
    set(columns, 'is_playoffs', row, 0);
    set(columns, 'days_since_played', row, random() < 0.05 ? 20 : 2);
    if (random() < 0.1) set(columns, 'pts_sd10', row, Number.NaN);
    if (random() < 0.3) set(columns, 'zone_matchup', row, Number.NaN);
    const mu = level + 0.5 * home;
    target[row] = Math.max(0, Math.round(mu + (2.5 + 0.35 * mu) * normal(random)));
    minutes[row] = random() < 0.03 ? 0 : expectedMinutes;
    if (random() < (options.lined ?? 0)) line[row] = Math.max(0.5, Math.round(2 * (mu + normal(random))) / 2);
  }
  return { features: FEATURE_NAMES, columns: [...columns.values()], target, minutes, slates, rows, line };
}

function set(columns: ReadonlyMap<string, Float64Array>, name: string, row: number, value: number): void {
  const column = columns.get(name);
  if (column !== undefined) column[row] = value;
}

function baseValue(name: string, level: number, minutes: number): number {
  if (name.startsWith('min_sd') || name.startsWith('pts_sd')) return 4 + level / 8;
  if (name.startsWith('min_')) return minutes;
  if (name.startsWith('pts_') || name === 'minutes_rate') return level;
  if (name.startsWith('fg') || name.startsWith('ft') || name.startsWith('tov')) return level / 2;
  return 1;
}

function noise(name: string): number {
  if (name.startsWith('pts_ewma') || name === 'minutes_rate') return 2.5;
  return name.includes('_sd10') ? 0.5 : 0.1;
}
