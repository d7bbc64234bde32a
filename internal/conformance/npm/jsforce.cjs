// What an application does with jsforce, against the org at the address in the
// environment: sign in with a code, describe, upsert, query, and see one record of
// several fail. It prints what it got as one JSON object.
'use strict';

const jsforce = require('jsforce');

async function main() {
  const { LOGIN_URL, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, CODE, EXTERNAL_ID } = process.env;
  const oauth2 = new jsforce.OAuth2({ loginUrl: LOGIN_URL, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, redirectUri: REDIRECT_URI });
  const conn = new jsforce.Connection({ oauth2, loginUrl: LOGIN_URL });
  const user = await conn.authorize(CODE);
  const identity = await conn.identity();

  const global = await conn.describeGlobal();
  const contact = await conn.sobject('Contact').describe();

  const people = [1, 2, 3].map((n) => ({ [EXTERNAL_ID]: `js.${n}`, LastName: `Person ${n}`, Email: `js${n}@example.com` }));
  const created = await conn.sobject('Contact').upsert(people, EXTERNAL_ID);
  const updated = await conn.sobject('Contact').upsert(people, EXTERNAL_ID);
  const failed = await conn.sobject('Contact').create([{ LastName: 'Fine' }, { FirstName: 'No last name' }, { LastName: 'Bad', Email: 'badone' }]);
  const changed = await conn.sobject('Contact').update({ Id: created[0].id, Title: 'Countess' });
  const read = await conn.sobject('Contact').retrieve(created[0].id);
  const found = await conn.query(`SELECT Id, Email FROM Contact WHERE Email LIKE 'js%' ORDER BY Email`);
  let refused;
  try {
    await conn.query('SELECT Nothing FROM Contact');
  } catch (err) {
    refused = { code: err.errorCode, name: err.name };
  }

  // A session that has died is renewed by itself.
  let renewed = 0;
  conn.on('refresh', () => { renewed += 1; });
  conn.accessToken = 'dead';
  const counted = await conn.query('SELECT COUNT() FROM Contact');
  const removed = await conn.sobject('Contact').destroy(created.map((c) => c.id));

  return {
    user, organization: identity.organization_id, objects: global.sobjects.map((o) => o.name),
    fields: contact.fields.map((f) => f.name), created, updated, failed, changed, title: read.Title,
    found: found.records.map((r) => r.Email), refused, renewed, counted: counted.totalSize, removed, usage: conn.limitInfo,
  };
}

main().then((result) => console.log(JSON.stringify(result)), (err) => { console.error(err); process.exit(1); });
