package no.portvakt.server.registry;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/**
 * The short codes of organisations. An answer is used for {@link #REFRESH}, then looked up again in
 * the background; while the store does not answer, the last answer serves for {@link #STALE}.
 */
public final class Organisations {
  /** After how long a change in the store is seen, at most one use later. */
  public static final Duration REFRESH = Duration.ofSeconds(5);

  /** How long an answer serves while the store does not. */
  public static final Duration STALE = Duration.ofHours(1);

  private static final int MOST = 100_000;

  private final LoadingCache<OrganisationNumber, Optional<String>> codes;

  public Organisations(OrganisationTable table, InstantSource clock) {
    this.codes =
        Caffeine.newBuilder()
            .maximumSize(MOST)
            .refreshAfterWrite(REFRESH)
            .expireAfterWrite(STALE)
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
            .executor(command -> Thread.startVirtualThread(command))
            .build(number -> Optional.ofNullable(table.codeOf(number.value())));
  }

  /**
   * The code of an organisation, or null when it has none.
   *
   * @throws RuntimeException when the store does not answer and nothing is known yet
   */
  public @Nullable String codeOf(OrganisationNumber number) {
    Optional<String> code = codes.get(number);
    return code == null ? null : code.orElse(null);
  }
}
