/**
 * Events that are durable before the answer leaves, each chained to the one before it; checkpoints
 * that tie the chains together, exports, and the verification of exports without a store.
 *
 * <p>It must not know any protocol: an event comes in ready.
 */
@NullMarked
package no.portvakt.server.audit;

import org.jspecify.annotations.NullMarked;
