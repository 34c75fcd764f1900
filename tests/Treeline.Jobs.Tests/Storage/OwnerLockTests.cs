namespace Treeline.Jobs.Tests;

public sealed class OwnerLockTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_holder_is_alive_until_it_gives_its_lock_back()
    {
        using OwnerLock observer = OwnerLock.Take(_directory.DataFile);
        OwnerLock other = OwnerLock.Take(_directory.DataFile);

        Assert.False(observer.IsDead(other.Name));
        Assert.False(observer.IsDead(observer.Name));
        other.Dispose();
        Assert.True(observer.IsDead(other.Name));
    }

    [Fact]
    public void A_file_nobody_locks_is_that_of_a_dead_holder_and_is_removed()
    {
        using OwnerLock observer = OwnerLock.Take(_directory.DataFile);
        string left = _directory.DataFile + ".owner-left";
        File.WriteAllText(left, string.Empty);

        Assert.True(observer.IsDead("left"));

        Assert.False(File.Exists(left));
        Assert.True(observer.IsDead("left"));
    }

    [Fact]
    public void Sweeping_removes_the_files_of_the_dead_and_no_others()
    {
        using OwnerLock observer = OwnerLock.Take(_directory.DataFile);
        using OwnerLock alive = OwnerLock.Take(_directory.DataFile);
        File.WriteAllText(_directory.DataFile + ".owner-left", string.Empty);
        File.WriteAllText(_directory.File("other.db.owner-left"), string.Empty);

        observer.SweepDead();

        Assert.Equal(3, Directory.GetFiles(_directory.Path).Length);
        Assert.False(observer.IsDead(alive.Name));
        Assert.True(File.Exists(_directory.File("other.db.owner-left")));
    }
}
