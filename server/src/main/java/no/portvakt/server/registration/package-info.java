/**
 * What Maskinporten knows of its clients: the rules for clients, keys, scopes and what they may do.
 *
 * <p>It must not know requests and answers: the token endpoint and the admin API both read it.
 */
@NullMarked
package no.portvakt.server.registration;

import org.jspecify.annotations.NullMarked;
