package no.portvakt.tokens;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import no.portvakt.tokens.LastGood.Seen;
import org.jspecify.annotations.Nullable;

/**
 * Private keys from files. Each look reads the files whole and compares a hash of what it read, so
 * it misses no change: neither one that keeps size and time, nor the swap of the symbolic links
 * through which Kubernetes shows a secret. A file that can't be used keeps its last good keys.
 */
public final class KeyFiles implements KeySource {
  private final List<State> files = new ArrayList<>();
  private final LastGood lastGood;

  /**
   * Keys of these files; nothing is read yet.
   *
   * @param interval how long after a look at the files there is no other
   */
  public KeyFiles(List<KeyFile> files, Duration interval, InstantSource clock) {
    if (files.isEmpty()) {
      throw new IllegalArgumentException("There is no key file.");
    }
    for (KeyFile file : files) {
      this.files.add(new State(file));
    }
    this.lastGood = new LastGood(this::look, interval, clock);
  }

  /**
   * The keys of all files, the one whose certificate began last at the end. At the first time every
   * file must hold a key.
   */
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

  /** Does nothing: no file stays open, and no password is kept. */
  @Override
  public void close() {}

  @Override
  public String toString() {
    return "KeyFiles" + files.stream().map(state -> state.file.name()).toList();
  }

  private Seen look() throws KeySourceUnavailable {
    @Nullable String problem = null;
    List<KeyMaterial> keys = new ArrayList<>();
    Set<String> confirmed = new HashSet<>();
    boolean complete = true;
    for (State state : files) {
      state.look();
      if (problem == null) {
        problem = state.problem;
      }
      complete &= !state.keys.isEmpty();
      keys.addAll(state.keys);
      if (state.problem == null) {
        state.keys.forEach(key -> confirmed.add(key.keyId()));
      }
    }
    if (!complete) {
      throw new KeySourceUnavailable(String.valueOf(problem), null);
    }
    return new Seen(keys, confirmed, problem);
  }

  /** What is known of one file. Only the thread that looks touches it. */
  private static final class State {
    private final KeyFile file;
    private byte[] seen = {};
    private List<KeyMaterial> keys = List.of();
    private @Nullable String problemOfSeen;
    private @Nullable String problem;

    State(KeyFile file) {
      this.file = file;
    }

    void look() {
      byte[] content = {};
      char @Nullable [] password = null;
      try {
        content = file.content();
        password = file.password();
        byte[] hash = hash(content, password);
        if (!Arrays.equals(hash, seen)) {
          problemOfSeen = take(content, password);
          seen = hash;
        }
        problem = problemOfSeen;
      } catch (IllegalArgumentException e) {
        problem = named(e);
      } finally {
        Arrays.fill(content, (byte) 0);
        if (password != null) {
          Arrays.fill(password, '\0');
        }
      }
    }

    private @Nullable String take(byte[] content, char @Nullable [] password) {
      try {
        keys = KeyFile.keys(content, password);
        return null;
      } catch (IllegalArgumentException e) {
        return named(e);
      }
    }

    private String named(IllegalArgumentException e) {
      return "Key file " + file.name() + ": " + e.getMessage();
    }

    private static byte[] hash(byte[] content, char @Nullable [] password) {
      byte[] hash = Digests.sha256(content);
      if (password == null) {
        return hash;
      }
      byte[] both = Arrays.copyOf(hash, hash.length + 2 * password.length);
      for (int i = 0; i < password.length; i++) {
        both[hash.length + 2 * i] = (byte) (password[i] >> 8);
        both[hash.length + 2 * i + 1] = (byte) password[i];
      }
      byte[] result = Digests.sha256(both);
      Arrays.fill(both, (byte) 0);
      return result;
    }
  }
}
