import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const publications = defineTable({
  dataset: 'nba_predictions',
  name: 'publications',
  description:
    'Receipts of publishing and withdrawing, append-only: one row per event. A publication is visible from its published row on until a withdrawn row stands.',
  columns: {
    publication_id: required.string('Publication'),
    event: required.string('published or withdrawn'),
    event_at: required.timestamp('When'),
    event_by: required.string('Who: a command, a service or a person'),
    reason: nullable.string('Why, for a withdrawal'),
    batch_id: required.string('Batch'),
    slate: required.date('ET calendar date of tip-off'),
    run_mode: required.string('Run mode of the batch'),
    completeness: required.string('full or partial'),
    fencing_token: required.int('Token of the lease under which it was published; never decreases for a slate'),
    row_count: required.int('Rows of the publication'),
    players: required.int('Players with at least one row'),
    expected: required.int('Players expected by the batch'),
    missing: required.string('JSON list of expected players without a row, each with its outcome and reason'),
    audit: required.string('JSON: every check of the audit with expected and seen'),
    model_id: required.string('Model'),
    model_hash: required.string('SHA-256 of its artefact'),
    code_version: required.string('Version of the code'),
  },
  key: ['publication_id', 'event'],
  partition: 'slate',
  writer: 'Publication',
});
export type Publication = RowOf<typeof publications>;

/** The view through which predictions are read: per player and slate, the rows of the newest visible publication that has him. */
export const CURRENT_PREDICTIONS = {
  ref: { dataset: 'nba_predictions', name: 'current_predictions' },
  sql: `
SELECT p.*, v.event_at AS published_at
FROM nba_predictions.player_prop_predictions p
JOIN nba_predictions.publications v ON v.publication_id = p.publication_id AND v.event = 'published' AND v.slate = p.slate
WHERE NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = p.publication_id AND w.event = 'withdrawn')
QUALIFY RANK() OVER (PARTITION BY p.slate, p.player_id ORDER BY v.event_at DESC, v.publication_id DESC) = 1`,
} as const;
