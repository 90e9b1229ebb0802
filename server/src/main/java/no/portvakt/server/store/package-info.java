/**
 * What outlives the process: connections, migrations, one group commit, and the tables.
 *
 * <p>It is the only room that knows SQL and JDBC. It must not know any protocol.
 */
@NullMarked
package no.portvakt.server.store;

import org.jspecify.annotations.NullMarked;
