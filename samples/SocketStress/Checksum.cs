namespace SocketStress;

/// <summary>Of all bytes that went one way, in order: FNV-1a (Fowler, Noll, Vo).</summary>
internal struct Checksum
{
    private ulong _hash;

    public Checksum()
    {
        _hash = 0xCBF29CE484222325;
    }

    public readonly ulong Value => _hash;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        ulong hash = _hash;
        foreach (byte each in bytes)
        {
            hash = (hash ^ each) * 0x100000001B3;
        }

        _hash = hash;
    }
}
