/**
 * What the platform remembers: one class for each table or group of tables, with its SQL.
 *
 * <p>It must not know any protocol, nor which database is below.
 */
@NullMarked
package no.portvakt.server.store;

import org.jspecify.annotations.NullMarked;
