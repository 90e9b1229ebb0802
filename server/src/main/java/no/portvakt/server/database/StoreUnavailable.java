package no.portvakt.server.database;

/** The store does not answer; nothing was decided and nothing was written. */
public final class StoreUnavailable extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoreUnavailable(String message, Throwable cause) {
    super(message, cause);
  }
}
