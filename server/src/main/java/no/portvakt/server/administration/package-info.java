/**
 * Maskinporten's admin API: clients and their keys, scopes, accesses, and what others decide.
 *
 * <p>It must not know how tokens are issued; a change holds from the next token on.
 */
@NullMarked
package no.portvakt.server.administration;

import org.jspecify.annotations.NullMarked;
