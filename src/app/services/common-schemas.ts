import { z } from 'zod';

const roles = z.array(z.enum(['coordinator', 'worker']));

export const healthAnswer = z.strictObject({ status: z.literal('ok'), roles });

export const versionAnswer = z.strictObject({
  name: z.literal('tipoff'),
  version: z.string(),
  roles,
  profile: z.string(),
  node: z.string(),
});

export const deepHealthAnswer = z.strictObject({
  status: z.enum(['healthy', 'unhealthy']),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      status: z.enum(['pass', 'fail']),
      expected: z.string(),
      seen: z.string(),
      ms: z.number(),
    }),
  ),
  checks_run: z.int(),
  checks_passed: z.int(),
  checks_failed: z.int(),
  total_ms: z.number(),
});
export type DeepHealth = z.infer<typeof deepHealthAnswer>;
