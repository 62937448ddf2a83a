import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SETTINGS } from '#app/config/settings.ts';
import { configurationReference, settingsOf } from '#scripts/configuration-reference.ts';

describe('the configuration reference', () => {
  it('has a line for every variable that is read, with its default, and knows the secrets', () => {
    const settings = settingsOf(SETTINGS);
    expect(settings.map(({ name }) => name)).toEqual(Object.keys(SETTINGS.shape));
    expect(settings.find(({ name }) => name === 'TIPOFF_HOME')).toMatchObject({
      type: 'text',
      default: '.tipoff',
      secret: false,
    });
    expect(settings.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
      'TIPOFF_BACKUP_KEY',
      'GITHUB_TOKEN',
      'ODDS_API_KEY',
      'TIPOFF_SLACK_TOKEN',
      'TIPOFF_API_KEY',
    ]);
    const lines = configurationReference().split('\n');
    for (const { name } of settings)
      expect(lines.filter((line) => line.startsWith(`| \`${name}\` |`))).toHaveLength(1);
  });

  it('refuses a variable that does not say what it does', () => {
    expect(() => settingsOf(z.object({ SILENT: z.string() }))).toThrow(
      'expected the setting SILENT to say what it does',
    );
  });
});
