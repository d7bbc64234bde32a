// The job with jsforce. As its documentation has it, one call hands all of the
// contacts to upsert, which sends 200 at a time and awaits each answer; with
// AT_A_TIME so many such calls are under way.
// https://jsforce.github.io/document/
'use strict';

const jsforce = require('jsforce');
const { atATime, batches, run } = require('./job.cjs');

const { ADDRESS, TOKEN, EXTERNAL_ID, AT_A_TIME } = process.env;

run(`jsforce ${jsforce.VERSION}`, async (contacts) => {
  const contact = new jsforce.Connection({ instanceUrl: ADDRESS, accessToken: TOKEN }).sobject('Contact');
  const results = AT_A_TIME
    ? (await atATime(Number(AT_A_TIME), batches(contacts, 200), (batch) => contact.upsert(batch, EXTERNAL_ID))).flat()
    : await contact.upsert(contacts, EXTERNAL_ID, { allowRecursive: true });
  const landed = results.filter((r) => r.success).length;
  return { landed, failed: results.length - landed };
});
