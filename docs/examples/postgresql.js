// Logs in to PostgreSQL so that no relay can use it.
//
//   node postgresql.js CA     with PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE in the environment

import { readFileSync } from "node:fs";
// #region postgresql
import pg from "pg";

const client = new pg.Client({
  ssl: { ca: readFileSync(process.argv[2]) },
  enableChannelBinding: true, // off by default
});
await client.connect();
// #endregion
const { rows } = await client.query("select current_user");
console.log(rows[0].current_user);
await client.end();
