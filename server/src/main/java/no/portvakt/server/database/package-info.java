/**
 * How the platform remembers: SQLite or PostgreSQL, connections, migrations, one group commit.
 *
 * <p>It must not know what is remembered; that is the room store's. Only these two know SQL and
 * JDBC.
 */
@NullMarked
package no.portvakt.server.database;

import org.jspecify.annotations.NullMarked;
