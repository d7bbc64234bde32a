// The job, but for the upserting: what jsforce.cjs and hubspot.cjs share. They
// are what a developer writes who takes the client and its documentation, and
// nothing more.
'use strict';

const { readFileSync } = require('node:fs');
const { parse } = require('csv-parse/sync');

// run reads the contacts of a CSV, maps its columns to the CRM's fields, has
// upsert send them, and prints what became of them as one JSON object. upsert
// returns how many were created, updated and failed.
exports.run = async (client, upsert) => {
  const { CONTACTS, COLUMNS } = process.env;
  try {
    const begun = performance.now();
    const columns = Object.entries(JSON.parse(COLUMNS));
    const rows = parse(readFileSync(CONTACTS), { columns: true });
    const outcomes = await upsert(rows.map((row) => Object.fromEntries(columns.map(([column, field]) => [field, row[column]]))));
    const seconds = (performance.now() - begun) / 1000;
    const peak = process.resourceUsage().maxRSS * 1024; // which is in KiB
    console.log(JSON.stringify({ client, ...outcomes, seconds, peak_mb: peak / 1e6 }));
  } catch (err) {
    console.error(err.message || err);
    process.exit(1);
  }
};

// batches cuts a list into pieces of at most so many.
exports.batches = (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));

// atATime calls f for each item, so many at a time, and returns what it
// returned.
exports.atATime = async (many, items, f) => {
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      results.push(await f(items[next++]));
    }
  };
  await Promise.all(Array.from({ length: many }, work));
  return results;
};
