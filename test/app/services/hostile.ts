import fc from 'fast-check';

/** Headers that look like credentials and are none. */
export const HOSTILE_HEADERS: readonly Record<string, string>[] = [
  {},
  { 'x-api-key': 'x' },
  { authorization: 'Bearer x' },
  { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' },
  { 'x-api-key': '', 'content-type': 'text/html' },
];

const NASTY = [
  '__proto__',
  'constructor',
  "'; DROP TABLE x; --",
  '$(id)',
  '../../etc/passwd',
  '\u0000',
  '\ud800',
  '\u202e',
  '2025-01-10\n',
  'ＴＯＤＡＹ',
  '💥'.repeat(50),
];
const text = fc.oneof(fc.string(), fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 40 }));
const anything = fc.anything({
  maxDepth: 3,
  withBigInt: false,
  withDate: false,
  withMap: false,
  withSet: false,
  withTypedArray: false,
  withSparseArray: false,
});
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, -1, 1e308, 1e-308, Number.MAX_SAFE_INTEGER + 2),
);

/** Fields of all requests with values that are right, almost right and absurd. */
const values = {
  game_date: fc.oneof(
    fc.constantFrom(
      'TODAY',
      'TOMORROW',
      '2025-01-10',
      '2025-01-09',
      '2025-02-30',
      '0000-00-00',
      'today',
      '9999-12-31',
    ),
    text,
  ),
  mode: fc.oneof(
    fc.constantFrom('FIRST', 'retry', 'BACKFILL', 'OVERNIGHT', 'LINE_UPDATE', 'needed', 'all'),
    text,
  ),
  force: fc.oneof(fc.boolean(), anything),
  dry_run: fc.oneof(fc.boolean(), anything),
  players: fc.oneof(fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 5 }), anything),
  reason: fc.oneof(text, anything),
  request_key: text,
  batch_id: fc.oneof(fc.constantFrom('2025-01-10-first-001', '2025-01-10-retry-002', 'a/b', '..'), text),
  staged: fc.oneof(fc.constantFrom('keep', 'publish', 'discard'), text),
  stall_threshold_minutes: fc.oneof(fc.constantFrom(5, 0.1), number),
  min_completion_pct: fc.oneof(fc.constantFrom(0, 50, 100), number),
  max_batch_age_minutes: fc.oneof(fc.constantFrom(30), number),
  policy: fc.oneof(fc.constantFrom('publish', 'hold'), text),
  from: fc.oneof(fc.constantFrom('2025-01-10', '2025-02-30', '1946-11-01'), text),
  to: fc.oneof(fc.constantFrom('2025-01-10', '2025-01-09', '9999-12-31'), text),
  phases: fc.oneof(fc.subarray(['analytics', 'precompute', 'predict', 'grade', 'export', 'all']), anything),
  request_id: fc.oneof(fc.constantFrom('bf-1', '../x', 'a b'), text),
  by: text,
  max_age_hours: fc.oneof(fc.constantFrom(24), number),
  message: fc.oneof(
    fc.record({ data: fc.oneof(fc.base64String(), text), messageId: text }, { requiredKeys: [] }),
    anything,
  ),
  deliveryAttempt: fc.oneof(fc.integer(), anything),
  extra: anything,
};
const fields = fc.record(values, { requiredKeys: [] });

/** Names of all fields that the bodies are made of. */
export const FUZZED_FIELDS: readonly string[] = Object.keys(values);

/** Some fields only, so that many bodies are valid for some endpoint. */
const few = fields.chain((all) =>
  fc
    .subarray(Object.keys(all), { maxLength: 3 })
    .map((names) => Object.fromEntries(names.map((name) => [name, all[name as keyof typeof all]]))),
);

/** Bodies of every kind: mostly right, mutated, broken JSON, wrong documents, very large and very deep. */
export function fuzzBodies(): fc.Arbitrary<string> {
  const json = fc
    .oneof(
      { weight: 6, arbitrary: few },
      { weight: 2, arbitrary: fields },
      { weight: 2, arbitrary: anything },
    )
    .map((value) => JSON.stringify(value) ?? '');
  const mutated = fc.tuple(json, fc.nat(), fc.string({ maxLength: 3 })).map(([body, at, junk]) => {
    const i = body.length === 0 ? 0 : at % body.length;
    return body.slice(0, i) + junk + body.slice(i + 1);
  });
  const extreme = fc.constantFrom(
    '',
    ' ',
    'null',
    '[]',
    '{',
    '['.repeat(5000),
    '{"a":'.repeat(3000),
    `"${'x'.repeat(70_000)}"`,
    `{"reason":"${'y'.repeat(60_000)}"}`,
    '1e999',
    '{"__proto__":{"force":true}}',
  );
  return fc.oneof(
    { weight: 7, arbitrary: json },
    { weight: 2, arbitrary: mutated },
    { weight: 1, arbitrary: extreme },
    { weight: 1, arbitrary: text },
  );
}
