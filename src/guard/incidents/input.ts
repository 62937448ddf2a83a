/** What the incidents need of a check's answer; the canary engine's results have this shape. */
export interface CheckResult {
  readonly canary_id: string;
  readonly phase: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly status: 'PASS' | 'FAIL' | 'ERROR' | 'SKIP';
  readonly question: string;
  readonly seen: number | null;
  readonly expected: string;
  /** Some of the offenders by name; the count is exact. */
  readonly offenders: readonly string[];
  readonly offender_count: number;
  readonly slate: string;
  readonly repair: string;
  readonly runbook: string;
  readonly reason: string;
  /** `now`: the answer is about the present and not about a slate, so that a pass ends what failed before. */
  readonly looks_at?: 'tonight' | 'last_night' | 'now';
  /** Phases whose failure would explain this one. */
  readonly depends_on: readonly string[];
}

/** All answers about one slate at one instant. */
export interface CheckRun {
  readonly run_id: string;
  readonly slate: string;
  readonly as_of: Date;
  readonly results: readonly CheckResult[];
}

export function isFailing({ status }: Pick<CheckResult, 'status'>): boolean {
  return status === 'FAIL' || status === 'ERROR';
}

/** Runs of the engine with what the definitions of the checks say about them. */
export function checkRuns(
  runs: readonly CheckRun[],
  definitions: readonly { readonly id: string; readonly looksAt: NonNullable<CheckResult['looks_at']> }[],
): CheckRun[] {
  const looksAt = new Map(definitions.map((definition) => [definition.id, definition.looksAt]));
  return runs.map((run) => ({
    ...run,
    results: run.results.map((result) => {
      const looks_at = looksAt.get(result.canary_id);
      return looks_at === undefined ? result : { ...result, looks_at };
    }),
  }));
}
