package no.portvakt.server.registration;

/** A field of a document that does not hold; the message says what it must be. */
public final class BadField extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String object;
  private final String field;

  /**
   * @param object what the document describes, such as {@code Client}
   * @param field the member's name
   * @param message what it must be, without the value
   */
  public BadField(String object, String field, String message) {
    super(message, null, false, false);
    this.object = object;
    this.field = field;
  }

  /** What the document describes. */
  public String object() {
    return object;
  }

  /** The member's name. */
  public String field() {
    return field;
  }
}
