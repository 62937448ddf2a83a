import { describe, expect, it } from 'vitest';
import { FANTASY_BOOKS, hasMarketPrices, marketPriceSql } from '#core/bookmakers.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const BOOKS = [...FANTASY_BOOKS, 'draftkings', 'fanduel', null];

describe('bookmakers', () => {
  it('takes the constant payout of a fantasy book for no price, whatever another prints for one', () => {
    expect(BOOKS.filter((book) => !hasMarketPrices(book))).toEqual([
      'prizepicks',
      'underdog',
      'pick6',
      'betr_us_dfs',
    ]);
  });

  it('says the same in SQL', async () => {
    const warehouse = await openWarehouse();
    try {
      for (const book of BOOKS) {
        const [row] = await warehouse.query<{ price: number | null }>(
          `SELECT ${marketPriceSql('CAST(-137 AS INT64)', 'CAST(@book AS STRING)')} AS price`,
          { book },
        );
        expect(row?.price, `${book}`).toBe(hasMarketPrices(book) ? -137 : null);
      }
    } finally {
      await warehouse.close();
    }
  });
});
