/**
 * Events that are durable before the answer leaves, each chained to the one before it.
 *
 * <p>It must not know any protocol: an event comes in ready.
 */
@NullMarked
package no.portvakt.server.audit;

import org.jspecify.annotations.NullMarked;
