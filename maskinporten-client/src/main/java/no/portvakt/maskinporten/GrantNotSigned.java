package no.portvakt.maskinporten;

/** The client's key did not sign: its device or service is gone, or holds no usable key. */
public final class GrantNotSigned extends MaskinportenException {
  private static final long serialVersionUID = 1L;

  private static final String ADVICE =
      "Look at the device, key vault or file that holds the key; nothing was sent.";

  GrantNotSigned(String sentence, Throwable cause) {
    super(sentence, ADVICE, cause);
  }

  @Override
  GrantNotSigned forCaller() {
    return new GrantNotSigned(sentence(), this);
  }
}
