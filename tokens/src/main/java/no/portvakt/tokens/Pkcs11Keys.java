package no.portvakt.tokens;

import java.io.IOException;
import java.security.AuthProvider;
import java.security.GeneralSecurityException;
import java.security.InvalidParameterException;
import java.security.KeyStore;
import java.security.Provider;
import java.security.ProviderException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.login.FailedLoginException;
import javax.security.auth.login.LoginException;
import no.portvakt.tokens.LastGood.Seen;
import org.jspecify.annotations.Nullable;

/**
 * Private keys in a PKCS#11 device. They never leave it; each names the {@link
 * KeyMaterial#provider} that signs with it. A key counts when its certificate is in the device too,
 * under the same {@code CKA_ID}.
 *
 * <p>Each look asks the device for its keys and tries each, so a device that is gone is noticed.
 * Its keys are then given as they were, and work again when the library finds the device again;
 * some libraries need a new process for that. Sign with what {@link #load} gave last: after a look
 * the keys may be other objects. A wrong PIN is tried once only, because devices lock themselves.
 *
 * <p>It talks to the device on a thread of its own, which a device that hangs can hold up.
 */
public final class Pkcs11Keys implements KeySource {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Pattern CODE = Pattern.compile("CKR_[A-Z_]{1,60}");

  private final Pkcs11Token token;
  private final @Nullable String alias;
  private final char[] pin;
  private final LastGood lastGood;
  private final ExecutorService device =
      Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "pkcs11");
        thread.setDaemon(true);
        return thread;
      });

  private @Nullable Future<List<KeyMaterial>> unanswered;
  private volatile @Nullable Provider provider;
  private volatile boolean pinRefused;

  /**
   * Keys of this token; nothing is asked yet.
   *
   * @param alias the only key to use, by its label; null: all
   * @param pin the user's PIN, of which a copy is kept
   * @param interval how long after a look at the device there is no other
   */
  public Pkcs11Keys(
      Pkcs11Token token,
      @Nullable String alias,
      char[] pin,
      Duration interval,
      InstantSource clock) {
    this.token = token;
    this.alias = alias;
    this.pin = pin.clone();
    this.lastGood = new LastGood(this::look, interval, clock);
  }

  @Override
  public List<KeyMaterial> load() throws KeySourceUnavailable {
    return lastGood.load();
  }

  @Override
  public Set<String> confirmed() {
    return lastGood.confirmed();
  }

  @Override
  public @Nullable String problem() {
    return lastGood.problem();
  }

  /** Wipes the PIN and logs out: the keys that were given sign no more. */
  @Override
  public void close() {
    device.shutdown();
    Arrays.fill(pin, '\0');
    try {
      if (provider instanceof AuthProvider login) {
        login.logout();
      }
    } catch (LoginException | ProviderException e) {
      return; // a device that is gone has forgotten the login too
    }
  }

  @Override
  public String toString() {
    return "Pkcs11Keys[" + token + "]";
  }

  private Seen look() throws KeySourceUnavailable {
    if (device.isShutdown()) {
      throw new KeySourceUnavailable("The device is closed.", null);
    }
    if (pinRefused) {
      throw new KeySourceUnavailable(
          "PKCS#11 " + token + ": the PIN was refused and is not tried again in this process.",
          null);
    }
    Future<List<KeyMaterial>> answer = unanswered;
    if (answer == null || answer.isDone()) {
      answer = device.submit(this::ask);
    }
    unanswered = answer;
    try {
      return Seen.all(answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    } catch (TimeoutException e) {
      throw new KeySourceUnavailable("PKCS#11 " + token + " does not answer.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KeySourceUnavailable("PKCS#11 " + token + " was not waited for.", e);
    } catch (ExecutionException e) {
      throw new KeySourceUnavailable("PKCS#11 " + token + ": " + reason(e), e);
    }
  }

  private List<KeyMaterial> ask() throws GeneralSecurityException, IOException {
    try {
      KeyStore keys = KeyStore.getInstance("PKCS11", provider());
      keys.load(null, pin);
      return alias == null
          ? KeyStoreKeys.of(keys, null)
          : List.of(KeyStoreKeys.of(keys, null, alias));
    } catch (GeneralSecurityException | IOException | RuntimeException e) {
      provider = null; // a session that broke is not mended; the next look opens another
      pinRefused = isAboutPin(e);
      throw e;
    }
  }

  private Provider provider() {
    Provider known = provider;
    if (known == null) {
      known = token.provider();
      provider = known;
    }
    return known;
  }

  private static boolean isAboutPin(Throwable failure) {
    for (@Nullable Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof FailedLoginException
          || String.valueOf(e.getMessage()).contains("CKR_PIN_")) {
        return true;
      }
    }
    return false;
  }

  /** What went wrong, from the exceptions' types and the device's code. */
  private static String reason(Throwable failure) {
    if (isAboutPin(failure)) {
      return "the PIN is wrong, or the token is locked.";
    }
    for (@Nullable Throwable e = failure; e != null; e = e.getCause()) {
      String message = String.valueOf(e.getMessage());
      Matcher code = CODE.matcher(message);
      if (code.find()) {
        return "the device says " + code.group() + ".";
      }
      if (e instanceof IllegalArgumentException && !(e instanceof InvalidParameterException)) {
        return message; // ours: a key that can't be used
      }
      if (e instanceof ProviderException && message.startsWith("Library ")) {
        return "there is no such library.";
      }
      if (e instanceof ProviderException && message.startsWith("slotListIndex")) {
        return "there are fewer slots.";
      }
    }
    return "the device does not answer.";
  }
}
