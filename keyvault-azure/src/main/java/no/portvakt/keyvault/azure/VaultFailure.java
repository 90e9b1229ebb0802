package no.portvakt.keyvault.azure;

/** A look at the vault failed; the message is one sentence without any secret. */
final class VaultFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean lasting;

  // Never a cause: what Microsoft's libraries say may repeat the vault's answer.
  private VaultFailure(String sentence, boolean lasting) {
    super(sentence);
    this.lasting = lasting;
  }

  /** The vault, or the way to it, is out of order, or this server has not got the right. */
  static VaultFailure outage(String sentence) {
    return new VaultFailure(sentence, false);
  }

  /** The vault works, and what it holds is missing or of no use. */
  static VaultFailure lasting(String sentence) {
    return new VaultFailure(sentence, true);
  }

  /** Whether asking again changes nothing before somebody changes what the vault holds. */
  boolean isLasting() {
    return lasting;
  }
}
