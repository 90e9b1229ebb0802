package no.portvakt.maskinporten;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Makes the grants of one client. They are signed on threads of their own: a device or a service
 * may never answer.
 *
 * @param life of a grant, in whole seconds
 * @param signers where grants are signed; bounded, and refuses what is too much
 */
record Grants(String clientId, GrantKey key, Duration life, ExecutorService signers) {
  /**
   * A new grant.
   *
   * @param begin when it begins to live
   * @param left how long the signature may take
   * @throws GrantNotSigned when there is none by then
   */
  String sign(String audience, TokenRequest request, Instant begin, Duration left) {
    Future<String> coming;
    try {
      coming = signers.submit(() -> JwtGrant.sign(key, audience, clientId, request, begin, life));
    } catch (RejectedExecutionException e) {
      throw new GrantNotSigned("Too many grants wait for the client's key, or it is closed.", e);
    }
    try {
      return coming.get(left.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new GrantNotSigned(
          "The client's key did not sign the grant within " + left.toMillis() + " ms.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GrantNotSigned("The client was closed while its key signed the grant.", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof GrantNotSigned failure
          ? failure
          : new GrantNotSigned("The client's key did not sign the grant.", e);
    } finally {
      coming.cancel(true);
    }
  }
}
