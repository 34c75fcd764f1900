namespace Treeline.Jobs;

/// <summary>
/// Shows other processes that this holder of leases is alive: a file beside the data file that is locked as long as the
/// process lives. The system drops the lock when the process dies, however it dies. So a server that starts after a
/// <c>kill -9</c> takes the dead one's jobs at once, and need not wait for their leases to expire.
/// </summary>
/// <remarks>
/// A holder is dead if its file is gone or its lock can be taken. Where the file system has no locks (seen by locking
/// one's own file a second time), nobody is ever called dead and leases expire by time alone.
/// </remarks>
internal sealed class OwnerLock : IDisposable
{
    private readonly string _dataFile;
    private readonly FileStream _held;

    private OwnerLock(string dataFile, string owner, FileStream held, bool canTell)
    {
        _dataFile = dataFile;
        _held = held;
        Name = owner;
        CanTellTheDead = canTell;
    }

    /// <summary>The name under which leases are taken.</summary>
    public string Name { get; }

    private bool CanTellTheDead { get; }

    public static OwnerLock Take(string dataFile)
    {
        while (true)
        {
            string owner = Guid.NewGuid().ToString("N");
            string path = PathOf(dataFile, owner);
            FileStream? held = null;
            try
            {
                held = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
                using var again = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                return new OwnerLock(dataFile, owner, held, canTell: false);
            }
            catch (IOException) when (held is not null && File.Exists(path))
            {
                return new OwnerLock(dataFile, owner, held, canTell: true);
            }
            catch (IOException) when (held is not null || File.Exists(path))
            {
                // Another server, clearing up after the dead, got hold of the file before it was locked: a new name.
                held?.Dispose();
            }
        }
    }

    /// <summary>Whether that holder of leases is gone for good. Its file is removed if so.</summary>
    public bool IsDead(string owner)
    {
        if (!CanTellTheDead || owner == Name)
        {
            return false;
        }

        string path = PathOf(_dataFile, owner);
        try
        {
            using var taken = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            File.Delete(path);
            return true;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes the files of holders that died without any lease.</summary>
    public void SweepDead()
    {
        string prefix = Path.GetFileName(PathOf(_dataFile, string.Empty));
        foreach (string path in Directory.EnumerateFiles(Path.GetDirectoryName(_dataFile)!, prefix + "*"))
        {
            IsDead(Path.GetFileName(path)[prefix.Length..]);
        }
    }

    /// <summary>Gives the lock back: whoever looks from now on finds this holder dead.</summary>
    public void Dispose()
    {
        File.Delete(_held.Name);
        _held.Dispose();
    }

    private static string PathOf(string dataFile, string owner) => $"{dataFile}.owner-{owner}";
}
